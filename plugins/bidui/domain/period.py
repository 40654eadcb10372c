"""Periods (期别): the time that data speak about.

A period is written ``2026-11`` (month), ``2026-Q4`` (quarter), ``2026-H2`` (half-year) or ``2026`` (year) and has a
first and a last day. When it became known is another matter: that is ``recorded_as_of`` in the ledger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering

_FORMS = {
    re.compile(r"(\d{4})-(0[1-9]|1[0-2])"): 1,
    re.compile(r"(\d{4})-Q([1-4])"): 3,
    re.compile(r"(\d{4})-H([12])"): 6,
    re.compile(r"(\d{4})()"): 12,
}
_LETTER = {3: "Q", 6: "H"}


class PeriodError(ValueError):
    """A text that names no period."""


@total_ordering
@dataclass(frozen=True)
class Period:
    """A stretch of whole months, aligned to the calendar year."""

    year: int
    first_month: int
    months: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``2026-11``, ``2026-Q4``, ``2026-H2`` or ``2026``; anything else raises PeriodError."""
        for form, months in _FORMS.items():
            if found := form.fullmatch(text or ""):
                ordinal = int(found[2] or 1)
                return cls(int(found[1]), (ordinal - 1) * months + 1, months)
        raise PeriodError("not a period: expected YYYY-MM, YYYY-Qn, YYYY-Hn or YYYY")

    @classmethod
    def month_of(cls, day: date) -> Period:
        """The month that holds ``day``."""
        return cls(day.year, day.month, 1)

    @property
    def first_day(self) -> date:
        """The first day of the period."""
        return date(self.year, self.first_month, 1)

    @property
    def last_day(self) -> date:
        """The last day of the period."""
        return self.shift(1).first_day - timedelta(days=1)

    @property
    def ends_a_quarter(self) -> bool:
        """Whether a quarter of the calendar year ends with it."""
        return self.last_day.month % 3 == 0

    def shift(self, periods: int) -> Period:
        """The period of the same length, ``periods`` later (negative: earlier)."""
        month0 = self.year * 12 + self.first_month - 1 + periods * self.months
        return Period(month0 // 12, month0 % 12 + 1, self.months)

    def each_month(self) -> list[Period]:
        """The months of the period, the period itself when it is one."""
        first = Period(self.year, self.first_month, 1)
        return [first.shift(step) for step in range(self.months)]

    def __str__(self) -> str:
        if self.months == 1:
            return f"{self.year:04d}-{self.first_month:02d}"
        if self.months == 12:
            return f"{self.year:04d}"
        return f"{self.year:04d}-{_LETTER[self.months]}{(self.first_month - 1) // self.months + 1}"

    def __lt__(self, other: Period) -> bool:
        return (self.first_day, self.last_day) < (other.first_day, other.last_day)
