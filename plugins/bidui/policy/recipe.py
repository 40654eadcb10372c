"""Recipes (交付配方): what goes out, to whom, when, in which form and after whose approval."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from bidui.policy.contract import Frozen


class SheetSource(Frozen):
    """One workbook of a delivery: its template and the report that fills each of the template's sheets."""

    template: str
    name: str
    """File name without ending, in Jinja over period and recipient: never personal data."""
    sheets: dict[str, str]
    """Sheet key in the template → report (a rule of stage ``report``) that gives its rows."""
    returns: str | None = None
    """Dataset under which the workbook comes back; its locked cells are then remembered."""
    sealing: Literal["password", "plain"] = "password"


class DocumentSource(Frozen):
    """One text document (docx) of a delivery."""

    template: str
    name: str


class Recipe(Frozen):
    """One kind of delivery."""

    id: str
    title: str
    clauses: tuple[str, ...]
    when: Literal["arrival", "close", "daily"]
    """What starts it: a package's intake, a month's closing, or the daily follow-up."""
    to: Literal["sender", "party", "region", "owner"]
    """Who gets it: the package's sender, one named party, every region of a level, every owner of open findings."""
    party: str | None = None
    level: str | None = None
    only_if: tuple[str, ...] = ()
    """Outcomes of the intake for which it is sent; for ``when: arrival``."""
    mail: str
    """Template of the mail."""
    values: dict[str, str] = {}
    """Name in the template → report that gives it: a list of rows."""
    figures: str | None = None
    """Report of one row whose columns are handed to the templates by name."""
    workbooks: tuple[SheetSource, ...] = ()
    documents: tuple[DocumentSource, ...] = ()
    approvals: tuple[str, ...] = ()
    """Roles that must approve before it leaves, in order (SQ-13)."""
    send_empty: bool = False
    """Whether it goes out when none of its workbooks has a row."""
    hash: str
    file: str

    @model_validator(mode="after")
    def _recipient_is_named(self) -> Recipe:
        if self.to == "party" and not self.party:
            raise ValueError("to: party needs party")
        if self.to == "region" and not self.level:
            raise ValueError("to: region needs level")
        return self
