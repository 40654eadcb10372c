"""Nil reports (零报告): a workbook that says, in place of rows, that there were none this period."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from bidui.domain.issues import Refusal
from bidui.domain.period import Period, PeriodError
from bidui.domain.words import fold, tidy
from bidui.intake.isolation import Bounds, Sheet, parse
from bidui.policy.codes import CodeList
from bidui.policy.contract import Limits

SHEET, PERIOD, DATASET, STATEMENT, REPORTER = "sheet", "period", "dataset", "statement", "reporter"
"""Codes of dictionary ``nil_report``: the sheet's name and the labels on it."""

_ANY_DAY = date.max
_MONTH_WORDS = re.compile(r"(\d{4})年0?(\d{1,2})月(?:份)?")


@dataclass(frozen=True, repr=False)
class NilReport:
    """What the sheet says. Its repr shows neither statement nor reporter."""

    period: Period
    dataset: str
    """As written: the dataset's id or title."""
    statement: str
    reporter: str

    def __repr__(self) -> str:
        """Without any cell."""
        return f"NilReport(period={self.period!s})"


def nil_report(data: bytes, labels: CodeList, limits: Limits | None = None) -> NilReport | None:
    """The nil report that the file is, or None when it has no filled sheet of that name.

    Args:
        data: the unsealed bytes.
        labels: dictionary ``nil_report``.
        limits: those of the contract; the standard's defaults otherwise.

    Raises:
        Refusal: those of isolation.parse; nil_incomplete (facts: labels that have no value); nil_period, when
            the period cannot be read; nil_contradicted, when another visible sheet holds anything.
    """
    names = [word for entry in labels.entries if entry.code == SHEET for word in (entry.label, *entry.aliases)]
    wanted = {fold(name) for name in names}
    sheets = parse(data, Bounds.of(limits or Limits()), only_with=names)
    report = next((sheet for sheet in sheets if fold(sheet.name) in wanted), None)
    if report is None:
        return None
    values = _values(report, labels)
    if not any(values.values()):
        return None
    if any(sheet.rows for sheet in sheets if sheet is not report):
        raise Refusal("nil_contradicted")
    missing = [
        labels.label_of(code, _ANY_DAY) for code in (PERIOD, DATASET, STATEMENT, REPORTER) if not values.get(code)
    ]
    if missing:
        raise Refusal("nil_incomplete", {"missing": missing})
    return NilReport(_period(values[PERIOD]), values[DATASET], values[STATEMENT], values[REPORTER])


def _values(sheet: Sheet, labels: CodeList) -> dict[str, str]:
    """By code, the cell to the right of each label (the next filled one)."""
    values: dict[str, str] = {}
    for _, row in sheet.rows:
        filled = [cell for cell in row if cell.strip()]
        code = labels.code_of(filled[0], _ANY_DAY)
        if code and code != SHEET:
            values.setdefault(code, tidy(filled[1]) if len(filled) > 1 else "")
    return values


def _period(text: str) -> Period:
    try:
        if words := _MONTH_WORDS.fullmatch(text):
            return Period.parse(f"{words[1]}-{int(words[2]):02d}")
        return Period.parse(text)
    except PeriodError:
        raise Refusal("nil_period") from None
