"""Truth on benefits: the register's flag, the dead, people in two households, aid that began or stopped."""

from __future__ import annotations

from datetime import date

import pytest

from bidui.synth.expect import Line
from bidui.synth.statements import Statements
from tests.unit.synth.said import (
    ANN,
    BEN,
    DAY,
    EVE,
    FIRST,
    LAST,
    died,
    enrolled,
    found,
    lines,
    listed,
    month,
    paid,
    wrong,
)

BOTH = ("register", "benefit")


def test_a_flag_that_agrees_with_the_list_holds_nothing_to_find() -> None:
    assert found(month([listed(ANN, dibao=True), listed(BEN)], benefit=[paid(ANN), paid(EVE)])) == []


@pytest.mark.parametrize("flag", [False, None])
@pytest.mark.parametrize(("since", "fires"), [(FIRST - DAY, True), (FIRST, False), (date(2020, 1, 1), True)])
def test_a_flag_is_missed_for_whoever_was_paid_before_the_month(flag, since: date, fires: bool) -> None:
    register = [listed(ANN, dibao=flag, category="unstable")]
    expected = [("benefit_not_flagged", ANN, "dibao")] if fires else []
    assert found(month(register, benefit=[paid(ANN, since=since)])) == expected


def test_a_flag_without_a_row_is_stale() -> None:
    assert lines(month([listed(ANN, dibao=True)])) == [Line("benefit_flag_stale", "person", ANN, "dibao", BOTH)]


@pytest.mark.parametrize(
    ("id_no", "name", "village", "kind"),
    [
        (wrong(ANN, 16), "张明", "V1", "unknown"),
        (wrong(ANN, 16), "张鸣", "V1", "benefit_flag_stale"),
        (wrong(ANN, 16), "张明", "V2", "benefit_flag_stale"),
        (wrong(ANN, 10, 12), "张明", "V1", "benefit_flag_stale"),
    ],
)
def test_a_row_that_could_be_the_person_leaves_it_unknown(id_no: str, name: str, village: str, kind: str) -> None:
    (line,) = lines(month([listed(ANN, dibao=True)], benefit=[paid(id_no, name=name, village=village)]))
    assert (line.kind, line.field) == (kind, "benefit_flag_stale" if kind == "unknown" else "dibao")
    assert line.systems == BOTH


@pytest.mark.parametrize(("on", "fires"), [(FIRST - DAY, True), (FIRST, False)])
def test_the_dead_are_paid_no_more_from_the_month_after(on: date, fires: bool) -> None:
    found_here = lines(Statements(roster=[died(EVE, on)], benefit=[paid(EVE)]))
    assert found_here == ([Line("death_still_paid", "person", EVE, "alive", ("roster", "benefit"))] if fires else [])


def test_one_person_in_two_households_of_the_list_is_a_duplicate() -> None:
    twice = [paid(EVE), paid(EVE, household="N2")]
    assert lines(month(benefit=twice)) == [
        Line("benefit_duplicate", "person", EVE, "household", ("benefit", "benefit"))
    ]


def test_names_are_compared_with_this_list_too() -> None:
    register = [listed(ANN, name="李峰", dibao=True)]
    assert found(month(register, benefit=[paid(ANN, name="李 峯")])) == []
    (line,) = lines(month(register, benefit=[paid(ANN, name="李锋")]))
    assert (line.kind, line.systems) == ("name_conflict", BOTH)


@pytest.mark.parametrize(("days", "fires"), [(0, True), (59, True), (60, False), (-1, False)])
def test_a_benefit_is_new_for_less_than_sixty_days(days: int, fires: bool) -> None:
    since = LAST - days * DAY
    expected = [Line("benefit_unmonitored", "person", ANN, "", ("benefit",), since.isoformat(), "H1")] if fires else []
    assert lines(month([listed(ANN, dibao=True)], benefit=[paid(ANN, since=since)])) == expected


def test_a_new_benefit_of_a_monitored_household_or_of_others_is_no_signal() -> None:
    since = LAST - 30 * DAY
    assert found(month([listed(ANN, dibao=True, category="sudden")], benefit=[paid(ANN, since=since)])) == []
    assert found(month([listed(BEN)], benefit=[paid(ANN, since=since)])) == []


def test_aid_has_stopped_for_whoever_was_paid_last_month_and_is_not_now() -> None:
    assert lines(month([listed(ANN)]), Statements(benefit=[paid(ANN)])) == [
        Line("aid_stopped", "person", ANN, "", ("benefit",), "2026-10", "H1")
    ]


def test_aid_has_not_stopped_without_an_earlier_list_nor_for_others() -> None:
    assert found(month([listed(ANN)])) == []
    assert found(month([listed(ANN)]), Statements(), Statements(benefit=[paid(ANN)])) == []
    assert found(month([listed(ANN, dibao=True)], benefit=[paid(ANN)]), Statements(benefit=[paid(ANN)])) == []
    assert found(month([listed(BEN)]), Statements(benefit=[paid(ANN)])) == []


def test_aid_of_the_dead_has_not_stopped_but_ended() -> None:
    now = month([listed(ANN), listed(BEN)], roster=[died(ANN, LAST - 12 * DAY), enrolled(BEN)])
    assert found(now, Statements(benefit=[paid(ANN)])) == []


def test_a_misprint_leaves_unknown_whether_aid_has_stopped() -> None:
    now = month([listed(ANN, dibao=True)], benefit=[paid(wrong(ANN, 16))])
    assert found(now, Statements(benefit=[paid(ANN)])) == [
        ("unknown", ANN, "aid_stopped"),
        ("unknown", ANN, "benefit_flag_stale"),
    ]
