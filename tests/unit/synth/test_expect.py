"""Truth's own evaluation of register and roster, on tables small enough to check by eye."""

from __future__ import annotations

from datetime import date

import pytest

from bidui.synth.expect import Line
from bidui.synth.statements import RegisterRow, RosterRow, Statements
from tests.unit.synth.said import ANN, BEN, DAY, EVE, LAST, died, enrolled, judge, listed, number, wrong
from tests.unit.synth.said import found as found_in
from tests.unit.synth.said import lines as lines_of

BOTH = ("register", "roster")


def lines(register: list[RegisterRow], roster: list[RosterRow]) -> list[Line]:
    return lines_of(Statements(register=register, roster=roster))


def found(register: list[RegisterRow], roster: list[RosterRow]) -> list[tuple[str, str, str]]:
    return found_in(Statements(register=register, roster=roster))


def test_plain_statements_hold_nothing_to_find() -> None:
    assert found([listed(ANN), listed(BEN)], [enrolled(ANN), enrolled(BEN), enrolled(EVE)]) == []


def test_no_row_at_all_is_missing_there_and_uninsured() -> None:
    assert found([listed(ANN)], []) == [("missing_there", ANN, "person"), ("uninsured", ANN, "")]


@pytest.mark.parametrize(
    ("state", "aid", "kinds"),
    [
        ("insured", "alleviated", ["missing_here"]),
        ("insured", "monitored", ["missing_here"]),
        ("insured", "dibao", []),
        ("insured", "none", []),
        ("suspended", "alleviated", []),
    ],
)
def test_only_an_insured_aided_row_can_be_missing_here(state: str, aid: str, kinds: list[str]) -> None:
    assert [line.kind for line in lines([], [enrolled(EVE, state=state, aid=aid)])] == kinds


@pytest.mark.parametrize(
    ("here", "there", "conflict"),
    [
        ("张明", "张鸣", True),
        ("张明", "张", True),
        ("张明", "张 明", False),
        ("张明", " 张明\u3000", False),
        ("买买提·依明", "买买提•依明", False),
        ("买买提·依明", "买买提.依明", False),
        ("买买提·依明", "买买提依明", True),
        ("李峰", "李峯", False),
        ("李群", "李羣", False),
    ],
)
def test_a_name_is_in_conflict_unless_it_is_a_variant(here: str, there: str, conflict: bool) -> None:
    expected = [("name_conflict", ANN, "name")] if conflict else []
    assert found([listed(ANN, name=here)], [enrolled(ANN, name=there)]) == expected


@pytest.mark.parametrize(("days", "fires"), [(29, False), (30, True), (31, True)])
def test_a_death_counts_from_thirty_days_on(days: int, fires: bool) -> None:
    expected = [("death_not_removed", ANN, "alive")] if fires else []
    assert found([listed(ANN), listed(BEN)], [died(ANN, LAST - days * DAY), enrolled(BEN)]) == expected


def test_the_dead_who_have_left_the_register_are_no_finding() -> None:
    assert found([listed(BEN)], [died(ANN, LAST - 60 * DAY, aid="alleviated"), enrolled(BEN)]) == []


@pytest.mark.parametrize(("days", "fires"), [(89, False), (90, True), (91, True)])
def test_a_newborn_is_uninsured_from_ninety_days_on(days: int, fires: bool) -> None:
    child = number(f"{LAST - days * DAY:%Y%m%d}")
    expected = [("missing_there", child, "person")] + ([("uninsured", child, "")] if fires else [])
    assert found([listed(child)], []) == expected


@pytest.mark.parametrize("reason", ["died", "moved_out", "joined_army"])
def test_some_reasons_excuse_from_being_insured(reason: str) -> None:
    row = enrolled(ANN, state="ended", reason=reason, stopped=LAST - 5 * DAY)
    assert found([listed(ANN)], [row]) == []


@pytest.mark.parametrize("reason", ["unpaid", "other", ""])
def test_other_reasons_do_not(reason: str) -> None:
    assert found([listed(ANN)], [enrolled(ANN, state="suspended", reason=reason)]) == [("uninsured", ANN, "")]


def test_one_insured_row_of_two_is_enough() -> None:
    rows = [enrolled(ANN, state="ended", reason="other", stopped=LAST), enrolled(ANN, scheme="employee")]
    assert found([listed(ANN)], rows) == []


def test_one_person_in_two_households_is_a_duplicate() -> None:
    assert lines([listed(ANN), listed(ANN, household="H2")], [enrolled(ANN)]) == [
        Line("duplicate", "person", ANN, "household", ("register", "register"))
    ]


@pytest.mark.parametrize(("left", "fires"), [(0, True), (1, False), (2, False)])
def test_a_household_has_lost_its_supporter_when_no_able_member_is_left(left: int, fires: bool) -> None:
    others = [number("19800101", order) for order in range(1, left + 1)]
    register = [listed(ANN, skill="skilled"), listed(EVE), *(listed(n, skill="ordinary") for n in others)]
    roster = [died(ANN, LAST - 12 * DAY), enrolled(EVE), *(enrolled(n) for n in others)]
    expected = [("lost_supporter", "H1", "")] if fires else []
    assert found(register, roster) == expected


def test_nobody_is_lost_where_nobody_is_left_or_the_dead_could_not_work() -> None:
    assert found([listed(ANN, skill="skilled")], [died(ANN, LAST - 12 * DAY)]) == []
    assert found([listed(ANN), listed(EVE)], [died(ANN, LAST - 12 * DAY), enrolled(EVE)]) == []


def test_the_last_of_several_deaths_is_the_occurrence() -> None:
    register = [listed(ANN, skill="skilled"), listed(BEN, skill="ordinary"), listed(EVE)]
    (line,) = lines(register, [died(ANN, LAST - 20 * DAY), died(BEN, LAST - 12 * DAY), enrolled(EVE)])
    assert (line.kind, line.occurrence, line.household) == ("lost_supporter", "2026-10-19", "H1")


SWAPPED = ANN[:8] + ANN[9] + ANN[8] + ANN[10:]


@pytest.mark.parametrize(
    ("id_no", "name", "village", "unknown"),
    [
        (wrong(ANN, 16), "张明", "V1", True),
        (wrong(ANN, 12), "张明", "V1", True),
        (SWAPPED, "张明", "V1", True),
        (wrong(ANN, 14, 16), "张明", "V1", True),  # two digits, but the same birth date
        (wrong(ANN, 10, 12), "张明", "V1", False),  # two digits of the birth date
        (wrong(ANN, 16), "张鸣", "V1", False),
        (wrong(ANN, 16), "张明", "V2", False),
    ],
)
def test_an_unresolved_row_that_could_be_the_person_makes_the_absence_unknown(
    id_no: str, name: str, village: str, unknown: bool
) -> None:
    lines = found([listed(ANN)], [enrolled(id_no, name=name, village=village)])
    absent = [("missing_there", ANN, "person"), ("uninsured", ANN, "")]
    assert lines == ([("unknown", ANN, "missing_there"), ("unknown", ANN, "uninsured")] if unknown else absent)


def test_an_unresolved_register_row_makes_the_roster_person_unknown() -> None:
    assert lines([listed(wrong(ANN, 16))], [enrolled(ANN, aid="alleviated")]) == [
        Line("unknown", "person", ANN, "missing_here", BOTH)
    ]


@pytest.mark.parametrize(
    ("rows", "occurrence"),
    [
        ([enrolled(ANN, state="suspended", stopped=date(2026, 9, 1), year=2025)], "2026-09-01"),
        ([enrolled(ANN, state="suspended", year=2025)], "2025"),
        ([], "2026"),
    ],
)
def test_being_uninsured_began_with_the_stop_else_the_last_year(rows: list[RosterRow], occurrence: str) -> None:
    assert [line.occurrence for line in lines([listed(ANN)], rows) if line.kind == "uninsured"] == [occurrence]


def test_a_household_leads_once_for_one_signal_and_again_for_a_new_one() -> None:
    one = judge()
    unpaid = [enrolled(ANN, state="suspended", stopped=date(2026, 9, 1)), enrolled(BEN)]
    register = [listed(ANN), listed(BEN)]
    assert [lead.household for lead in one.leads(lines(register, unpaid))] == ["H1"]
    assert one.leads(lines(register, unpaid)) == []
    again = [enrolled(ANN, state="suspended", stopped=date(2026, 11, 5)), enrolled(BEN)]
    (lead,) = one.leads(lines(register, again))
    assert (lead.household, [s.occurrence for s in lead.signals]) == ("H1", ["2026-11-05"])


def test_two_signals_of_a_household_make_one_lead() -> None:
    one = judge()
    register = [listed(ANN), listed(BEN), listed(EVE, household="H2")]
    roster = [enrolled(n, state="suspended") for n in (ANN, BEN, EVE)]
    leads = one.leads(lines(register, roster))
    assert [(lead.household, len(lead.signals)) for lead in leads] == [("H1", 2), ("H2", 1)]
