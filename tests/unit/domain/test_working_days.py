"""Working days of 2026 as published, and of 2027 as not yet published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bidui.domain.working_days import CalendarError, Due, WorkingCalendar
from bidui.policy import working_calendar
from bidui.policy.source import PolicyError


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return working_calendar.read(Path(__file__).parents[3] / "include")


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 20), True),  # a Friday
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 9, 25), False),  # Mid-autumn, a Friday
        (date(2025, 10, 8), False),  # National Day and Mid-autumn together
        (date(2024, 2, 9), True),  # New Year's Eve of 2024 was not a day off
        (date(2027, 10, 1), True),  # not published: a Friday like any other
    ],
)
def test_working_day(calendar, day, works):
    assert calendar.is_working(day) is works


@pytest.mark.parametrize(
    ("day", "rolled"),
    [
        (date(2026, 10, 25), date(2026, 10, 26)),  # a Sunday
        (date(2026, 9, 25), date(2026, 9, 28)),  # holiday and the weekend after it
        (date(2026, 2, 14), date(2026, 2, 14)),  # a worked Saturday stays
        (date(2026, 2, 15), date(2026, 2, 24)),  # the nine days of Spring Festival
    ],
)
def test_rolled_forward(calendar, day, rolled):
    assert calendar.roll_forward(day) == rolled


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # begun on a Saturday
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # 8th, 9th and the worked Saturday
        (date(2026, 11, 23), -1, date(2026, 11, 20)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
    ],
)
def test_working_days_added(calendar, start, days, end):
    assert calendar.add_working_days(start, days) == end


@pytest.mark.parametrize(
    ("start", "days", "counted", "due"),
    [
        (date(2026, 11, 20), 5, "working", Due(date(2026, 11, 27), provisional=False)),
        (date(2026, 11, 20), 5, "calendar", Due(date(2026, 11, 25), provisional=False)),
        (date(2026, 8, 31), 1, "month", Due(date(2026, 9, 30), provisional=False)),
        (date(2026, 11, 20), 1, "month", Due(date(2026, 12, 20), provisional=False)),
        (date(2026, 12, 20), 1, "month", Due(date(2027, 1, 20), provisional=True)),
        (date(2026, 12, 30), 2, "working", Due(date(2027, 1, 1), provisional=True)),
        (date(2026, 12, 30), 2, "calendar", Due(date(2027, 1, 1), provisional=True)),
        (date(2026, 12, 29), 2, "calendar", Due(date(2026, 12, 31), provisional=False)),
    ],
)
def test_a_term_that_runs_into_an_unpublished_year_is_provisional(calendar, start, days, counted, due):
    assert calendar.due(start, days, counted) == due


def test_an_unpublished_year_is_provisional(calendar):
    assert calendar.published_years == {2024, 2025, 2026}
    assert calendar.provisional(date(2027, 1, 1))
    assert not calendar.provisional(date(2026, 12, 31))


def test_a_make_up_workday_is_a_weekend_day_and_every_year_has_its_holidays(calendar):
    assert all(day.weekday() >= 5 for day in calendar.makeup)
    assert {len([d for d in calendar.holidays if d.year == y]) for y in (2024, 2025, 2026)} == {28, 33}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"date": "1 May", "kind": "holiday"}, "needs date"),
        ({"kind": "holiday"}, "needs date"),
        ({"date": "2026-05-01", "kind": "bridge"}, "kind is holiday or makeup"),
    ],
)
def test_rows_that_state_no_calendar(row, said):
    with pytest.raises(CalendarError, match=said):
        WorkingCalendar.from_rows([row])


def test_a_day_cannot_be_both():
    rows = [{"date": "2026-05-01", "kind": kind} for kind in ("holiday", "makeup")]
    with pytest.raises(CalendarError, match="both"):
        WorkingCalendar.from_rows(rows)


def test_a_missing_file_is_an_error_of_the_policy(tmp_path):
    with pytest.raises(PolicyError, match="missing"):
        working_calendar.read(tmp_path)
