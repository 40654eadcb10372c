"""Working days (工作日): weekends, public holidays and make-up workdays (调休), published year by year.

A year whose arrangement is not yet published has only its weekends; a date that depends on it is
provisional and is recomputed when the arrangement is known (design, decision 13).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Counting = Literal["calendar", "working", "month"]
_SATURDAY = 5


class CalendarError(ValueError):
    """Rows that state no calendar; ``line`` (of a file with a heading) or ``day`` says where."""

    def __init__(self, said: str, *, line: int | None = None, day: date | None = None) -> None:
        super().__init__(said)
        self.line = line
        self.day = day


@dataclass(frozen=True)
class Due:
    """The last day of a term; ``provisional`` when it lies in, or was counted through, a year not yet published."""

    day: date
    provisional: bool


@dataclass(frozen=True)
class WorkingCalendar:
    """The days on which offices work."""

    holidays: Mapping[date, str]
    """Days off and what they are called; weekend days among them change nothing."""
    makeup: frozenset[date]
    """Weekend days that are worked."""
    published_years: frozenset[int]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]]) -> WorkingCalendar:
        """Build from rows of ``date, kind (holiday | makeup), name``; a year with rows is published."""
        holidays: dict[date, str] = {}
        makeup: set[date] = set()
        for number, row in enumerate(rows, start=2):
            try:
                day, kind = date.fromisoformat(row["date"]), row["kind"]
            except (KeyError, ValueError):
                raise CalendarError("a calendar row needs date (YYYY-MM-DD) and kind", line=number) from None
            if kind == "holiday":
                holidays[day] = row.get("name", "")
            elif kind == "makeup":
                makeup.add(day)
            else:
                raise CalendarError("kind is holiday or makeup", line=number)
        if both := makeup & holidays.keys():
            raise CalendarError(f"{min(both)} is both a holiday and a make-up workday", day=min(both))
        years = {day.year for day in (*holidays, *makeup)}
        return cls(holidays, frozenset(makeup), frozenset(years))

    def is_working(self, day: date) -> bool:
        """Whether offices work on ``day``; for a year not yet published, the plain weekend rule."""
        if day in self.makeup:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def provisional(self, day: date) -> bool:
        """Whether the arrangement of the year of ``day`` is still to be published."""
        return day.year not in self.published_years

    def roll_forward(self, day: date) -> date:
        """``day`` itself when it is worked, else the next working day."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def add_working_days(self, day: date, days: int) -> date:
        """The working day ``days`` working days after ``day`` (negative: before); ``day`` does not count.

        Zero rolls forward: the first working day from ``day`` on.
        """
        if days == 0:
            return self.roll_forward(day)
        step = timedelta(days=1 if days > 0 else -1)
        left = abs(days)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def due(self, start: date, days: int, counted: Counting) -> Due:
        """The last day of a term of ``days`` (or months) that begins the day after ``start``.

        Calendar days and months end where they end, even on a day off; whoever wants them rolled calls
        ``roll_forward``. A month ends on the same day of the next one, or on its last day.
        """
        if counted != "working":
            day = start + timedelta(days=days) if counted == "calendar" else _months_after(start, days)
            return Due(day, self.provisional(day))
        day = self.add_working_days(start, days)
        first, last = sorted((start.year, day.year))
        return Due(day, provisional=not self.published_years.issuperset(range(first, last + 1)))


def _months_after(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
