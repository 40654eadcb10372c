"""What settles is tokens: text of a person stays in schema identity, and whoever is uncertain is nobody."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from bidui.identity import reading
from bidui.pipeline.office import Office
from bidui.policy.contract import Contract
from bidui.store.database import Role
from tests.integration.identity.conftest import Settled, id_number, mistyped

NAME = "金丝雀甲"

Settle = Callable[..., Settled]
Village = Callable[[int], dict[str, str]]


def test_no_text_of_a_person_stands_outside_identity(office: Office, settled: Settle, village: Village) -> None:
    number, wrong = id_number(), mistyped(id_number(serial="777"))
    rows = [
        {"subject": number, "subject_name": NAME, **village(0)},
        {"subject": wrong, "subject_name": NAME + "乙", **village(0)},
    ]
    settled([*rows, {"subject": id_number(serial="009"), "subject_name": NAME + "丙"}], quarantined=(4,))
    with office.database.begin(Role.OWNER) as connection:
        tables = (
            connection.execute(
                text(
                    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                    " WHERE schemaname IN ('core', 'out', 'data')"
                )
            )
            .scalars()
            .all()
        )
        rows_of = {name: connection.execute(text(f"SELECT t::text FROM {name} t")).scalars().all() for name in tables}
        known = connection.execute(text("SELECT text FROM identity.term")).scalars().all()
    assert NAME in known
    assert wrong in known
    assert sum(map(len, rows_of.values())) > 3
    for name, lines in rows_of.items():
        for line in lines:
            assert NAME not in line, name
            assert number not in line, name
            assert wrong not in line, name


def test_a_settled_row_holds_what_the_number_says(
    office: Office, settled: Settle, roster: Contract, village: Village
) -> None:
    settled([{"subject": id_number("19800203", "002"), "subject_name": NAME, **village(0)}])
    with office.database.begin(Role.COMPARE) as connection:
        row = connection.execute(
            text(f'SELECT person_id, name_id, birth_date::text, sex, id_form, row_no FROM data."{roster.table}"')
        ).one()
    assert tuple(row) == (1, 1, "1980-02-03", "female", "18", 2)


def test_an_unresolved_row_has_a_negative_person(
    office: Office, settled: Settle, roster: Contract, village: Village
) -> None:
    settled(
        [{"subject": number, "subject_name": NAME, **village(0)} for number in (id_number(), mistyped(id_number()))]
    )
    with office.database.begin(Role.COMPARE) as connection:
        ids = connection.execute(text(f'SELECT person_id FROM data."{roster.table}" ORDER BY row_no')).scalars().all()
    assert ids == [1, -3]


def test_one_person_written_in_two_ways_is_one(
    office: Office, settled: Settle, roster: Contract, village: Village
) -> None:
    """A number in full width, and the form of fifteen digits."""
    number = id_number("19800203", "001")
    written = [number, number.translate({ord("0"): "０"}), number[:6] + number[8:17]]
    settled([{"subject": way, "subject_name": NAME, **village(0)} for way in written])
    with office.database.begin(Role.COMPARE) as connection:
        ids = connection.execute(text(f'SELECT person_id FROM data."{roster.table}"')).scalars().all()
    assert ids == [1, 1, 1]


def test_sightings_are_kept_once(office: Office, settled: Settle, village: Village) -> None:
    row = {"subject": id_number(), "subject_name": NAME}
    settled([{**row, **village(0)}, {**row, **village(1)}, row], period="2026-10")
    settled([{**row, **village(0)}])
    with office.database.begin(Role.INTAKE) as connection:
        seen = connection.execute(
            text("SELECT person_id, name_id, count(DISTINCT region), count(*) FROM identity.sighting GROUP BY 1, 2")
        ).all()
    assert [tuple(line) for line in seen] == [(1, 1, 2, 2)]


def test_tokens_become_text_again_for_those_who_deliver(office: Office, settled: Settle, village: Village) -> None:
    settled([{"subject": id_number(), "subject_name": NAME, **village(0)}])
    with office.database.begin(Role.DELIVER) as connection:
        assert reading.names_of_terms(connection, [1, 1]) == {1: NAME}
        assert reading.numbers_of_persons(connection, [1]) == {1: id_number()}
        assert reading.numbers_of_persons(connection, [77]) == {}
        assert reading.numbers_of_households(connection, []) == {}
