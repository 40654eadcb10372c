"""Periods: months, quarters, half-years and years."""

from __future__ import annotations

from datetime import date

import pytest

from bidui.domain.period import Period, PeriodError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_written_and_read_alike(text: str, first: date, last: date) -> None:
    period = Period.parse(text)
    assert (period.first_day, period.last_day) == (first, last)
    assert str(period) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-00",
        "2026-13",
        "2026-1",
        "202611",
        "2026-Q0",
        "2026-Q5",
        "2026-H3",
        "2026-q4",
        "26-11",
        " 2026-11",
        "2026-11-01",
        "二〇二六",
    ],
)
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError, match="not a period: expected YYYY-MM, YYYY-Qn, YYYY-Hn or YYYY"):
        Period.parse(text)


def test_the_complaint_does_not_repeat_what_was_written() -> None:
    with pytest.raises(PeriodError) as refused:
        Period.parse("990821198002030010")
    assert "990821" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "by", "shifted"),
    [
        ("2026-11", 1, "2026-12"),
        ("2026-12", 1, "2027-01"),
        ("2026-01", -1, "2025-12"),
        ("2026-11", -12, "2025-11"),
        ("2026-11", 0, "2026-11"),
        ("2026-Q4", 1, "2027-Q1"),
        ("2026-Q1", -1, "2025-Q4"),
        ("2026-H2", 1, "2027-H1"),
        ("2026-H1", -3, "2024-H2"),
        ("2026", -1, "2025"),
    ],
)
def test_shift(text: str, by: int, shifted: str) -> None:
    assert str(Period.parse(text).shift(by)) == shifted


@pytest.mark.parametrize(
    ("day", "month"), [(date(2026, 11, 1), "2026-11"), (date(2026, 11, 30), "2026-11"), (date(2027, 1, 1), "2027-01")]
)
def test_the_month_of_a_day(day: date, month: str) -> None:
    assert str(Period.month_of(day)) == month


def test_periods_stand_in_the_order_of_their_days() -> None:
    texts = ["2026-12", "2026", "2026-Q1", "2025-12", "2026-01", "2026-H1"]
    assert [str(p) for p in sorted(map(Period.parse, texts))] == [
        "2025-12",
        "2026-01",
        "2026-Q1",
        "2026-H1",
        "2026",
        "2026-12",
    ]


def test_equal_periods_are_one_key() -> None:
    assert len({Period.parse("2026-11"), Period.month_of(date(2026, 11, 7)), Period.parse("2026-12").shift(-1)}) == 1
    assert Period.parse("2026-Q4") != Period.parse("2026-10")


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("2026-11", ["2026-11"]),
        ("2026-Q4", ["2026-10", "2026-11", "2026-12"]),
        ("2027-H1", ["2027-01", "2027-02", "2027-03", "2027-04", "2027-05", "2027-06"]),
    ],
)
def test_a_period_is_made_of_its_months(text, months):
    assert [str(month) for month in Period.parse(text).each_month()] == months
