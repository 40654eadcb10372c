"""Truth on certificates: the register's code, and new certificates that mean a risk."""

from __future__ import annotations

import pytest

from bidui.synth.expect import Line
from tests.unit.synth.said import ANN, DAY, EVE, LAST, certified, found, lines, listed, month, wrong

BOTH = ("register", "certificate")


def test_a_code_that_agrees_with_the_certificate_holds_nothing_to_find() -> None:
    certificates = [certified(ANN, "visual", "3"), certified(EVE)]
    assert found(month([listed(ANN, disability="visual_3")], certificate=certificates)) == []


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("", "valid", "disability_not_flagged"),
        ("", "cancelled", None),
        ("", "expired", None),
        ("physical_2", "valid", None),
        ("physical_2", "cancelled", "disability_flag_stale"),
        ("physical_2", "expired", "disability_flag_stale"),
        ("physical_3", "valid", "disability_differs"),
        ("visual_2", "valid", "disability_differs"),
        ("visual_2", "cancelled", "disability_flag_stale"),
    ],
)
def test_the_registers_code_against_a_certificate(code: str, status: str, kind: str | None) -> None:
    expected = [Line(kind, "person", ANN, "disability", BOTH)] if kind else []
    assert lines(month([listed(ANN, disability=code)], certificate=[certified(ANN, status=status)])) == expected


def test_a_code_without_a_certificate_is_stale() -> None:
    assert found(month([listed(ANN, disability="visual_3")])) == [("disability_flag_stale", ANN, "disability")]


@pytest.mark.parametrize(("village", "is_unknown"), [("V1", True), ("V2", False)])
def test_a_row_that_could_be_the_person_leaves_it_unknown(village: str, is_unknown: bool) -> None:
    register = [listed(ANN, disability="physical_2")]
    (line,) = lines(month(register, certificate=[certified(wrong(ANN, 16), village=village)]))
    assert (line.kind, line.field) == (
        ("unknown", "disability_flag_stale") if is_unknown else ("disability_flag_stale", "disability")
    )


def test_names_are_compared_with_this_list_too() -> None:
    register = [listed(ANN, disability="physical_2")]
    (line,) = lines(month(register, certificate=[certified(ANN, name="张鸣")]))
    assert (line.kind, line.systems) == ("name_conflict", BOTH)


@pytest.mark.parametrize(("days", "fires"), [(0, True), (59, True), (60, False), (-1, False)])
def test_a_certificate_is_new_for_less_than_sixty_days(days: int, fires: bool) -> None:
    on = LAST - days * DAY
    expected = [Line("newly_disabled", "person", ANN, "", ("certificate",), on.isoformat(), "H1")] if fires else []
    assert lines(month([listed(ANN, disability="physical_2")], certificate=[certified(ANN, on=on)])) == expected


@pytest.mark.parametrize(
    ("category", "level", "fires"),
    [
        ("physical", "1", True),
        ("physical", "2", True),
        ("physical", "3", False),
        ("multiple", "4", False),
        ("intellectual", "3", True),
        ("mental", "4", True),
        ("mental", "1", True),
    ],
)
def test_which_new_certificates_mean_a_risk(category: str, level: str, fires: bool) -> None:
    new = certified(ANN, category, level, on=LAST - 20 * DAY)
    kinds = [x.kind for x in lines(month([listed(ANN, disability=f"{category}_{level}")], certificate=[new]))]
    assert kinds == (["newly_disabled"] if fires else [])


def test_a_new_certificate_that_is_not_in_force_or_of_others_is_no_signal() -> None:
    assert found(month([listed(ANN)], certificate=[certified(ANN, on=LAST - 20 * DAY, status="cancelled")])) == []
    assert found(month(certificate=[certified(ANN, on=LAST - 20 * DAY)])) == []
