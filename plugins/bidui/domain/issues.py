"""Row issues (行级问题) and refusals (退回): what was wrong with a package, said without any value from it.

The codes are one closed list, ``include/dictionary/row_issue.csv``, which also holds their Chinese words and what to
do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What an issue does to its row or file."""

    REPAIR = "repair"  # mended without loss; recorded
    NOTE = "note"  # recorded; the row is used
    QUARANTINE = "quarantine"  # the row is set aside; the file goes on
    REFUSE = "refuse"  # the file is refused


@dataclass(frozen=True)
class RowIssue:
    """One issue at one place.

    ``row`` is the row number a person sees in the file; ``column`` is the contract's column name.
    """

    code: str
    effect: Effect
    sheet: str = ""
    row: int | None = None
    column: str | None = None


class Refusal(Exception):  # noqa: N818 - the field's word
    """The package is refused as a whole. ``facts`` are counts, codes and column titles: never values from rows."""

    def __init__(self, code: str, facts: dict[str, Any] | None = None, issues: tuple[RowIssue, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts or {}
        self.issues = issues
