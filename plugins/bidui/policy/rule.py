"""Rules: one SELECT each, with a header that says what it reads and which duty it fulfils (design, decision 1)."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from bidui.domain.keys import digest
from bidui.policy.contract import Frozen
from bidui.policy.source import Source

Stage = Literal["derive", "compare", "screen", "lead", "settle", "report"]
View = Literal[
    "signal", "lead", "finding", "case", "region", "submission", "run", "closing", "intake", "issue", "unknown",
    "arrival", "delivery", "delivery_row", "document", "drill", "due", "need", "name_variant", "snapshot", "word",
]  # fmt: skip

OUTPUT: dict[Stage, tuple[str, ...]] = {
    "compare": ("subject", "field", "discriminator", "value_a", "value_b", "row_a", "row_b"),
    "screen": ("subject", "cause", "occurrence", "amount", "fact_date", "row"),
    "lead": ("household_id", "region", "level", "causes", "signals"),
    "settle": ("case_id", "event", "value", "submission_id", "row_no"),
}
"""Output columns, fixed by stage."""


class Read(Frozen):
    """What an alias is bound to: a dataset (by id or by role) at the period, or a published view."""

    dataset: str | None = None
    role: str | None = None
    view: View | None = None
    months: int = 1
    """How many months back, the period's own included."""
    previous: int = 0
    """How many periods before this one."""
    unresolved: bool = False
    """The rows that settled on no person instead of those that did: whoever they are, they are there."""
    columns: tuple[str, ...] = ()
    """Columns without which a dataset in the role is of no use to the rule: not every roster says who is insured."""
    together: bool = False
    """All datasets that play the role, one under the other, with ``person_id``, ``columns`` and ``row``; otherwise the
    rule is bound once to each."""

    @model_validator(mode="after")
    def _one_source(self) -> Read:
        if sum(source is not None for source in (self.dataset, self.role, self.view)) != 1:
            raise ValueError("name exactly one of dataset, role, view")
        if self.together and not self.role:
            raise ValueError("together needs a role")
        return self


class Rule(Frozen):
    """One rule or one result."""

    id: str
    title: str
    stage: Stage
    note: str = ""
    """What a reader should know that the SQL does not say."""
    clauses: tuple[str, ...]
    use: str | None = None
    """Code of the list ``use``: what the rule uses data for; a giver whose agreement does not say so is not read."""
    reads: dict[str, Read]
    finds: str | None = None
    """Kind of finding, from dictionary ``finding_kind``; for stage compare."""
    subject: Literal["person", "household"] = "person"
    system_a: str | None = None
    """Alias of the first system; for stage compare."""
    system_b: str | None = None
    source: str | None = None
    """Alias of the dataset that a signal speaks of; for stage screen."""
    owner: str | None = None
    """Alias of the system whose party is asked to mend."""
    absent_from: str | None = None
    """Alias in which the subject is missing: the rule needs evidence of absence (design, decision 7)."""
    severity: Literal["red", "orange", "yellow"] | None = None
    produces: str | None = None
    """Id of the derived dataset; for stage derive."""
    role: str | None = None
    parameters: tuple[str, ...] = ()
    """Names of dated thresholds handed in as bound parameters."""
    sql: str
    hash: str
    file: str

    @model_validator(mode="after")
    def _complete_for_stage(self) -> Rule:
        needed = {
            "compare": ("use", "finds", "system_a", "system_b", "owner"),
            "screen": ("use", "source", "severity"),
            "derive": ("produces", "role"),
        }.get(self.stage, ())
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"a {self.stage} rule needs {', '.join(missing)}")
        for name in ("system_a", "system_b", "owner", "source", "absent_from"):
            alias = getattr(self, name)
            if alias and alias not in self.reads:
                raise ValueError(f"{name}: {alias} is no alias in reads")
        return self


def read(source: Source, stage: Stage) -> Rule:
    """The rule in a SQL file that lies in the folder of ``stage``."""
    return source.as_model(Rule, stage=stage, sql=source.body, hash=digest(source.text), file=source.file)
