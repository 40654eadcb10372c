"""Registered needs (共享需求登记): what the ledger knows of them, and what the policy can say about one.

Agencies with an agreement exchange by it; any other may register a need: what for, which items, for how long (QA-01).
It is answered within a clock (QA-20), and what was granted is served within its term.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from bidui.delivery.template import WorkbookTemplate, load_workbook
from bidui.domain.working_days import Due
from bidui.policy.agreement import Contact
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Moment, Recipe

ANSWERS = "need"
"""Approval role whose holders answer needs."""
CLOCK = "need_answer"
"""Deadline within which a need is answered."""


class NeedRefused(ValueError):  # noqa: N818 - what it is
    """It cannot be done; ``code`` is one of dictionary ``row_issue``, the text says what and what to do, in Chinese."""

    def __init__(self, policy: PolicySet, code: str, said: str = "") -> None:
        words = next((row for row in policy.table("row_issue") if row["code"] == code), {"title": code, "advice": ""})
        super().__init__(f"{words['title']}{f'：{said}' if said else ''}。{words['advice']}（{code}）")
        self.code = code


@dataclass(frozen=True)
class Need:
    """One need, with its answer if there is one. Nothing in it is about a person of the register."""

    need_id: str
    party: str
    """What the agency is called; it may have no agreement."""
    office: str
    email: str
    dataset: str
    mode: str
    """``query``: rows of people; ``statistics``: figures."""
    fields: tuple[str, ...]
    """Items asked for, as the catalogue or the workbook of figures calls them."""
    use: str
    purpose: str
    basis: str
    term_from: date
    term_to: date
    requested_on: date
    decision: str | None
    """``granted``, ``refused``, or ``None`` while it waits."""
    reason: str | None
    said: str | None
    granted: tuple[str, ...]
    """Items granted."""
    decided_by: str | None
    """Contact who answered; ``None`` when the catalogue did."""
    answered_on: date | None

    @property
    def number(self) -> str:
        """What people call it by."""
        return self.need_id[:8].upper()

    @property
    def contact(self) -> Contact:
        """Whom its mails go to."""
        return Contact(id=f"need-{self.need_id[:8]}", name=self.office, email=self.email, valid_from=self.requested_on)


_KNOWN = """
    SELECT n.need_id, n.party, n.office, n.email, n.dataset, n.mode, n.fields, n.use, n.purpose, n.basis, n.term_from,
           n.term_to, n.requested_on, a.decision, a.reason, a.said, coalesce(a.fields, '{}') AS granted, a.decided_by,
           a.answered_on
    FROM core.need n LEFT JOIN core.need_answer a USING (need_id)
    WHERE n.hub = :hub AND n.need_id LIKE :need ORDER BY n.recorded_as_of, n.need_id
"""
_DIGITS = 6
"""Of its number, how many have to be told at least."""


def known(connection: Connection, hub: str, need: str = "") -> list[Need]:
    """The hub's needs, oldest first; of those whose id begins so."""
    rows = connection.execute(text(_KNOWN), {"hub": hub, "need": f"{need.lower()}%"}).mappings()
    return [Need(**{**row, "fields": tuple(row["fields"]), "granted": tuple(row["granted"])}) for row in rows]


def find(connection: Connection, policy: PolicySet, need: str) -> Need:
    """The need of that id or number; NeedRefused when there is none."""
    plain = need.strip()
    found = known(connection, policy.hub, plain) if len(plain) >= _DIGITS and plain.isalnum() else []
    if len(found) != 1:
        raise NeedRefused(policy, "need_unknown")
    return found[0]


def due(policy: PolicySet, need: Need) -> Due:
    """The last day on which it may be answered, by the calendar as it is known now: a provisional one mends itself."""
    term = policy.profile.deadlines[CLOCK]
    return policy.calendar.due(need.requested_on, term.on(need.requested_on), term.calendar)


def dues(connection: Connection, policy: PolicySet) -> dict[str, str]:
    """Need that waits for an answer → the last day for it, ISO."""
    return {n.need_id: due(policy, n).day.isoformat() for n in known(connection, policy.hub) if n.decision is None}


# --- what is given on a need ---------------------------------------------------------------------------------------
def recipe_of(policy: PolicySet, moment: Moment, mode: str | None = None) -> Recipe | None:
    """The recipe of a moment in a need's life; of those that serve, the one for rows or for figures."""
    return next((r for r in policy.recipes.values() if r.when == moment and mode in (None, r.mode)), None)


def workbook_of(policy: PolicySet, recipe: Recipe | None) -> WorkbookTemplate | None:
    """The workbook that a recipe sends."""
    book = recipe.workbook if recipe else None
    return load_workbook(policy.include / "templates" / f"{book.template}.yaml") if book else None


def sources(policy: PolicySet, recipe: Recipe | None) -> set[str]:
    """The datasets that the workbook of a recipe is made from; of a derived one, those that it is derived from."""
    book = recipe.workbook if recipe else None
    reads = [read for sheet in (book.sheets.values() if book else ()) for read in policy.rules[sheet].reads.values()]
    bound = {dataset for read in reads for dataset in policy.bound_to(read)}
    derived = {dataset: policy.derived(dataset) for dataset in bound}
    return {
        base for dataset, rule in derived.items()
        for base in ([r.dataset for r in rule.reads.values() if r.dataset] if rule else [dataset])
    }  # fmt: skip


def items(policy: PolicySet, contract: Contract, mode: str) -> dict[str, str]:
    """What an item of a dataset may be called → what it is called; of figures, the columns of their workbook."""
    recipe = recipe_of(policy, "need", mode)
    named = {name: c.title for c in contract.columns for name in (*c.aliases, c.name, c.title)}
    if contract.id in sources(policy, recipe) and mode == "statistics":
        return columns(workbook_of(policy, recipe))
    return named


def columns(template: WorkbookTemplate | None) -> dict[str, str]:
    """Title of each column of a workbook, by itself and by its key."""
    of_all = [column for sheet in (template.sheets if template else ()) for column in sheet.columns]
    return {name: column.title for column in of_all for name in (column.key, column.title)}


def keys(template: WorkbookTemplate | None, titles: Iterable[str]) -> tuple[str, ...]:
    """The keys of a workbook's columns that bear these titles."""
    wanted, sheets = set(titles), template.sheets if template else ()
    return tuple(column.key for sheet in sheets for column in sheet.columns if column.title in wanted)
