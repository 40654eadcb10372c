"""Truth on bills: much in a month, much in a year, parts that do not add up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bidui.domain.period import Period
from bidui.synth.expect import Line
from bidui.synth.statements import Statements
from tests.unit.synth.said import ANN, BEFORE, DAY, FIRST, LAST, billed, found, lines, listed, month, wrong

HIGH, YEAR = ("high_selfpay", ANN, ""), ("selfpay_year", ANN, "")


def owing(*own: str) -> Statements:
    return month([listed(ANN)], expense=[billed(ANN, amount, bill=f"B{at}") for at, amount in enumerate(own)])


@pytest.mark.parametrize(
    ("own", "fires"),
    [
        (("10000.00",), False),
        (("10000.01",), True),
        (("5000.00", "5000.01"), True),
        (("5000.00", "5000.00"), False),
    ],
)
def test_a_month_is_much_over_ten_thousand(own: tuple[str, ...], fires: bool) -> None:
    assert found(owing(*own)) == ([HIGH] if fires else [])


def test_its_occurrence_is_the_month_and_it_is_told_by_the_bills() -> None:
    assert lines(owing("10000.01")) == [
        Line("high_selfpay", "person", ANN, "", ("expense",), "2026-10", "H1"),
    ]


@pytest.mark.parametrize(
    ("settled", "kinds"), [(FIRST, [HIGH]), (LAST, [HIGH]), (FIRST - DAY, []), (LAST + DAY, [])], ids=str
)
def test_a_bill_settled_outside_the_month_is_not_of_the_month(settled, kinds) -> None:
    assert found(month([listed(ANN)], expense=[billed(ANN, "12000.00", on=settled)])) == kinds


@pytest.mark.parametrize(("own", "fires"), [("7999.99", False), ("8000.00", True)])
def test_a_year_is_much_from_twenty_thousand_on_over_all_increments(own: str, fires: bool) -> None:
    now = month([listed(ANN)], expense=[billed(ANN, own), billed(ANN, "3000.00", bill="B2", on=BEFORE.last_day)])
    earlier = Statements(expense=[billed(ANN, "9000.00", on=BEFORE.first_day, bill="B3")])
    assert found(now, earlier) == ([YEAR] if fires else [])


@pytest.mark.parametrize(("months_ago", "counts"), [(11, True), (12, False)])
def test_a_year_is_twelve_months(months_ago: int, counts: bool) -> None:
    earlier = [Statements()] * (months_ago - 1) + [Statements(expense=[billed(ANN, "15000.00", bill="B0")])]
    assert found(owing("5000.00"), *earlier) == ([YEAR] if counts else [])


def test_the_year_it_happens_in_is_the_occurrence() -> None:
    (line,) = lines(owing("5000.00"), Statements(expense=[billed(ANN, "15000.00")]), period=Period.parse("2027-01"))
    assert (line.kind, line.occurrence) == ("selfpay_year", "2027")


def test_costs_of_people_in_no_register_and_under_no_certain_number_are_no_signal() -> None:
    assert found(month(expense=[billed(ANN, "30000.00")])) == []
    assert found(month([listed(ANN)], expense=[billed(wrong(ANN, 16), "30000.00")])) == []


@pytest.mark.parametrize(
    ("total", "fires"),
    [("1000.00", False), ("1001.00", False), ("999.00", False), ("1001.01", True), ("998.99", True)],
)
def test_parts_may_miss_the_total_by_one_yuan(total: str, fires: bool) -> None:
    bill = billed(ANN, "300.00", total=total, basic="500.00", serious="150.00", aid="50.00")
    expected = [("cost_parts_differ", ANN, "own_paid")] if fires else []
    assert found(month(expense=[bill])) == expected


def test_a_part_that_is_not_stated_counts_nothing() -> None:
    assert found(month(expense=[billed(ANN, "300.00", total="800.00", basic="500.00")])) == []


def test_a_bill_that_does_not_add_up_stays_found_and_each_is_one_of_its_own() -> None:
    earlier = Statements(expense=[billed(ANN, "300.00", total="900.00", bill="B7")])
    now = month(expense=[billed(ANN, "300.00", total="900.00", bill="B8")])
    assert [(x.kind, x.systems, x.discriminator) for x in lines(now, earlier)] == [
        ("cost_parts_differ", ("expense", "expense"), "B8"),
        ("cost_parts_differ", ("expense", "expense"), "B7"),
    ]


def test_amounts_are_exact() -> None:
    assert sum(Decimal("0.10") for _ in range(10)) == 1
    assert found(owing(*["1000.10"] * 9, "999.10")) == []
    assert found(owing(*["1000.10"] * 9, "999.11")) == [HIGH]
