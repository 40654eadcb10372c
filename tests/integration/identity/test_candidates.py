"""Whom an unsettled row may mean: the same name in the same village, and a near number or the same birth date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text

from bidui.pipeline import compare
from bidui.pipeline.office import Office
from bidui.store.database import Role
from tests.integration.identity.conftest import Settled, id_number, mistyped, swapped

RIGHT = id_number()
KNOWN_NAME = "王国兰"

Settle = Callable[..., Settled]
Village = Callable[[int], dict[str, str]]


def candidates(office: Office) -> list[tuple[str, str]]:
    """ID number and reason of every candidate there is."""
    with office.database.begin(Role.INTAKE) as connection:
        found = connection.execute(
            text(
                "SELECT p.id_number, c.reason FROM identity.candidate c JOIN identity.person p USING (person_id)"
                " ORDER BY 1, 2"
            )
        )
        return [tuple(row) for row in found]  # type: ignore[misc]


ONE_DIGIT = "same name and village, one_digit"
SWAPPED = "same name and village, swapped"
SAME_BIRTH = "same name, village and birth date"

DOUBTFUL = {
    # what is doubtful: the number as written, the name as written, in the same village or another, why it may be him
    "one digit": (mistyped(RIGHT), KNOWN_NAME, "same", ONE_DIGIT),
    "one digit, the first": (mistyped(RIGHT, 0), KNOWN_NAME, "same", ONE_DIGIT),
    "one digit of the birth date": (mistyped(RIGHT, 9), KNOWN_NAME, "same", ONE_DIGIT),
    "two neighbours swapped": (swapped(RIGHT, 13), KNOWN_NAME, "same", SWAPPED),
    "the same birth date": (mistyped(id_number(serial="738")), KNOWN_NAME, "same", SAME_BIRTH),
    "one digit, and a space": (mistyped(RIGHT)[:6] + " " + mistyped(RIGHT)[6:], KNOWN_NAME, "same", ONE_DIGIT),
    "one digit, and an apostrophe": ("'" + mistyped(RIGHT), KNOWN_NAME, "same", ONE_DIGIT),
    "one digit, in full width": (mistyped(RIGHT).translate({ord("9"): "９"}), KNOWN_NAME, "same", ONE_DIGIT),
    "one digit, variant characters": (mistyped(RIGHT), "王國蘭", "same", ONE_DIGIT),
    "one digit, spaces in the name": (mistyped(RIGHT), "王 国 兰", "same", ONE_DIGIT),
    "another village": (mistyped(RIGHT), KNOWN_NAME, "another", None),
    "no village": (mistyped(RIGHT), KNOWN_NAME, "none", None),
    "another name": (mistyped(RIGHT), "王国花", "same", None),
    "another number": (mistyped(id_number("19810203", "738")), KNOWN_NAME, "same", None),
    "two digits, one of the birth date": (mistyped(mistyped(RIGHT, 7), 5), KNOWN_NAME, "same", None),
    "a digit short": (RIGHT[:-1], KNOWN_NAME, "same", None),
    "no number": ("证件遗失", KNOWN_NAME, "same", None),
}


def test_whom_an_unresolved_row_may_mean(office: Office, settled: Settle, village: Village) -> None:
    rows = []
    for at, (written, name, place, _) in enumerate(DOUBTFUL.values()):
        where = {"same": village(2 * at), "another": village(2 * at + 1), "none": {}}[place]
        rows += [
            {"subject": RIGHT, "subject_name": KNOWN_NAME, **village(2 * at)},
            {"subject": written, "subject_name": name, **where},
        ]
    made = settled(rows)
    assert (made["rows_accepted"], made["rows_unresolved"]) == (len(rows), len(DOUBTFUL))
    with office.database.begin(Role.INTAKE) as connection:
        found = dict(map(tuple, connection.execute(text("SELECT row_no, reason FROM identity.candidate")).all()))
    assert {what: found.get(2 * at + 3) for at, what in enumerate(DOUBTFUL)} == {
        what: case[-1] for what, case in DOUBTFUL.items()
    }
    assert {number for number, _ in candidates(office)} == {RIGHT}


def test_a_row_set_aside_may_mean_its_own_person(office: Office, settled: Settle, village: Village) -> None:
    rows = [
        {"subject": RIGHT, "subject_name": KNOWN_NAME, **village(0)},
        {"subject": id_number(serial="005"), "subject_name": "张三"},
    ]
    made = settled(rows, quarantined=(3,))
    assert (made["rows_accepted"], made["rows_unresolved"], made["rows_quarantined"]) == (1, 0, 1)
    assert candidates(office) == [(id_number(serial="005"), "row set aside")]


def test_namesakes_in_one_village_are_all_candidates(office: Office, settled: Settle, village: Village) -> None:
    """Nothing is guessed: both have that birth date."""
    one, two = id_number(serial="003"), id_number(serial="004")
    settled(
        [
            {"subject": number, "subject_name": KNOWN_NAME, **village(0)}
            for number in (one, two, mistyped(id_number(serial="777")))
        ]
    )
    assert {number for number, _ in candidates(office)} == {one, two}


def test_resolved_rows_have_no_candidates(office: Office, settled: Settle, village: Village) -> None:
    settled(
        [{"subject": id_number(serial=serial), "subject_name": KNOWN_NAME, **village(0)} for serial in ("001", "002")]
    )
    assert candidates(office) == []


def test_a_person_who_arrives_later_is_found_before_the_month_is_compared(
    office: Office, settled: Settle, village: Village, as_of: datetime
) -> None:
    settled([{"subject": mistyped(RIGHT), "subject_name": KNOWN_NAME, **village(0)}])
    assert candidates(office) == []
    settled([{"subject": RIGHT, "subject_name": KNOWN_NAME, **village(0)}], period="2026-10")
    assert candidates(office) == []
    assert compare.match(office, "2026-11", as_of) == 1
    assert candidates(office) == [(RIGHT, "same name and village, one_digit")]
    assert compare.match(office, "2026-11", as_of) == 0
