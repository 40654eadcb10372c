"""The working calendar as policy: ``dictionary/holidays.csv``, one line a day off or make-up workday."""

from __future__ import annotations

import csv
from pathlib import Path

from bidui.domain.working_days import CalendarError, WorkingCalendar
from bidui.policy.source import Fault, PolicyError, place_of, text_of

FILE = Path("dictionary", "holidays.csv")


def read(include: Path) -> WorkingCalendar:
    """The calendar of the policy folder ``include``; PolicyError when it is missing or states no calendar."""
    try:
        return WorkingCalendar.from_rows(csv.DictReader(text_of(include / FILE, include).splitlines()))
    except FileNotFoundError:
        raise PolicyError([Fault(str(FILE), None, "the file is missing")]) from None
    except CalendarError as error:
        place = error.day and place_of(include, error.day.isoformat(), str(FILE))
        raise PolicyError([Fault(*(place or (str(FILE), error.line)), str(error))]) from None
