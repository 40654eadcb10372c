"""What the lines above the header confirm: period and data date (数据截止日), by the contract's patterns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from bidui.domain.issues import Effect, RowIssue
from bidui.domain.period import Period
from bidui.domain.words import tidy
from bidui.intake.cells import day
from bidui.intake.reading import RawTable
from bidui.policy.contract import Contract

T = TypeVar("T")


@dataclass(frozen=True)
class Confirmed:
    """What the file itself says; None where it says nothing, or two different things (then with an issue)."""

    period: Period | None = None
    data_date: date | None = None
    issues: tuple[RowIssue, ...] = ()


def confirm(raw: RawTable, contract: Contract) -> Confirmed:
    """The period and data date in the lines above the header."""
    lines = [*raw.preamble, *(tidy(line) for line in raw.preamble)]
    periods = _said(contract.layout.period, lines, _period)
    days = _said(contract.layout.data_date, lines, lambda found: day(tidy(found[1]))[0])
    issues = [
        RowIssue(code, Effect.NOTE, raw.sheet)
        for code, values in (("period_unclear", periods), ("data_date_unclear", days))
        if len(values) > 1 or None in values
    ]  # fmt: skip
    return Confirmed(_only(periods), _only(days), tuple(issues))


def words_before(pattern: str) -> str | None:
    """The words, in one spelling, behind which ``pattern`` finds a day; None where it says them in another way."""
    before = re.sub(r"\[[^]]*\]\?|\\s[*+?]", "", pattern.partition("(")[0])
    words = re.sub(r"\[[^]]*(.)\]", r"\1", before)
    return words if re.search(pattern, f"{words} {date.max}") else None


def _said(pattern: str | None, lines: list[str], read: Callable[[re.Match[str]], T | None]) -> set[T | None]:
    return {read(found) for line in lines for found in re.finditer(pattern, line)} if pattern else set()


def _only(values: set[T | None]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None


def _period(found: re.Match[str]) -> Period | None:
    """A period from the named groups: year and month, quarter, half, or year alone."""
    groups = found.groupdict()
    for name, months in (("month", 1), ("quarter", 3), ("half", 6)):
        if name in groups:
            ordinal = int(groups[name] or 0)
            return (
                Period(int(groups["year"]), (ordinal - 1) * months + 1, months)
                if 1 <= ordinal <= 12 // months
                else None
            )
    return Period(int(groups["year"]), 1, 12)
