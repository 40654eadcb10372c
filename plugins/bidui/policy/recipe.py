"""Recipes (交付配方): what goes out, to whom, when, in which form and after whose approval."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from bidui.policy.contract import Frozen

Moment = Literal["arrival", "open", "close", "quarter", "daily", "approval", "answer", "need"]


class WorkbookPart(Frozen):
    """One workbook of a delivery: its template, and the report that gives the rows of each of its sheets."""

    template: str
    sheets: dict[str, str]
    """Sheet key of the template → report (a rule of stage ``report``)."""
    counts: str | None = None
    """Sheet whose rows say whether there is anything to deliver; the first one by default."""
    sealing: Literal["password", "plain"] = "password"

    @property
    def counted(self) -> str:
        """Key of the sheet that is counted."""
        return self.counts or next(iter(self.sheets))


class Recipe(Frozen):
    """One kind of delivery."""

    id: str
    title: str
    clauses: tuple[str, ...]
    use: str
    """Code of the list ``use``: what it is sent for; the recipient's agreement must say so."""
    mode: Literal["query", "statistics"] | None = None
    """What it lets the recipient do with the hub's data: see rows, or figures; ``None`` for a notice of neither."""
    when: Moment
    """What starts it: a package's intake, a month's opening or closing, a quarter's end, the daily follow-up, another
    delivery that waits for approval, a registered need that is answered, or one that is served."""
    to: Literal["sender", "party", "region", "owner", "provider", "circle", "approver", "answerer", "asker"]
    """Who gets it: the package's sender, one party, each region's office, each party asked to mend, each party (or
    region of it) that gives data; the circle of all who may have it, as one delivery with many addressees; whoever
    decides next on a delivery that waits; whoever answers registered needs, and the agency that registered one."""
    party: str | None = None
    only_if: tuple[str, ...] = ()
    """Outcomes of the intake for which it is sent; for ``when: arrival``."""
    mail: str
    """Template of the mail's body."""
    document: str | None = None
    """Template of a text that goes along as a document, if any; the mail's own body otherwise stands alone."""
    figures: tuple[str, ...] = ()
    """Reports of one row each, whose columns are handed to the templates by name."""
    texts: dict[str, str] = {}
    """Values of the templates that are policy texts."""
    workbook: WorkbookPart | None = None
    optional_workbook: bool = False
    """Whether the mail goes out when the workbook has no row (then without it); otherwise nothing is delivered."""
    forms: bool | str = False
    """Whether blank workbooks and filling guides of what the recipient gives go along, or in which role it is what they
    are of. They hold nobody's data and are never sealed."""
    approvals: tuple[str, ...] = ()
    """Roles that must approve before it leaves, in order (SQ-13)."""
    hash: str
    file: str

    @property
    def reports(self) -> tuple[str, ...]:
        """Every report that it shows: its figures, and the sheets of its workbook."""
        return (*self.figures, *(self.workbook.sheets.values() if self.workbook else ()))

    @model_validator(mode="after")
    def _recipient_is_named(self) -> Recipe:
        if self.to == "party" and not self.party:
            raise ValueError("to: party needs party")
        if (self.to == "asker") != (self.when in ("answer", "need")):
            raise ValueError("to: asker gets what is sent when: answer or need, and nobody else does")
        if self.when == "need" and not (self.mode and self.workbook and self.workbook.sealing == "password"):
            raise ValueError("when: need serves rows or figures: it needs mode, and workbook with a password")
        if self.forms and self.to != "provider":
            raise ValueError("forms are of what the recipient gives: to must be provider")
        if self.to == "circle" and self.workbook and self.workbook.sealing == "password":
            raise ValueError("to: circle has no password of its own: sealing must be plain")
        return self
