"""Errors of the database carry no value: a planted one is looked for everywhere a log could take it from."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, insert, text

from bidui.store import tables
from bidui.store.copying import copy_frame
from bidui.store.database import Database, Role, StoreError
from demo.services.postgres import Postgres

CANARY = "金丝雀990821"
NUMBER = 99082188
NOW = datetime(2026, 12, 1, tzinfo=UTC)

TERM = {"term_id": 1, "kind": "name", "text": CANARY, "canonical": CANARY}


def same_key_twice(connection: Connection) -> None:
    """Postgres quotes the key in the error's detail, SQLAlchemy the parameters."""
    connection.execute(insert(tables.term), TERM)
    connection.execute(insert(tables.term), {**TERM, "term_id": 2})


def nothing_where_something_must_be(connection: Connection) -> None:
    """Postgres quotes the failing row."""
    connection.execute(insert(tables.term), {**TERM, "canonical": None})


def reference_to_nobody(connection: Connection) -> None:
    """Postgres quotes the foreign key."""
    connection.execute(insert(tables.sighting), {"person_id": NUMBER, "name_id": NUMBER, "region": CANARY})


def text_for_a_number(connection: Connection) -> None:
    """Postgres quotes the value in its first line."""
    connection.execute(text("SELECT CAST(:value AS bigint)"), {"value": CANARY})


def text_for_a_date(connection: Connection) -> None:
    connection.execute(text("SELECT CAST(:value AS date)"), {"value": CANARY})


def copied_text_for_a_number(connection: Connection) -> None:
    """Postgres quotes the line and the column of a COPY."""
    copy_frame(connection, "identity.term", pd.DataFrame([{**TERM, "term_id": CANARY}]))


def copied_key_twice(connection: Connection) -> None:
    copy_frame(connection, "identity.term", pd.DataFrame([TERM, {**TERM, "term_id": 2}]))


def copied_line_too_long(connection: Connection) -> None:
    """Postgres quotes the whole line."""
    connection.execute(text("CREATE TEMP TABLE narrow (a varchar(3))"))
    copy_frame(connection, "narrow", pd.DataFrame({"a": [CANARY]}))


def statement_that_is_none(connection: Connection) -> None:
    connection.execute(text("SELECT nothing FROM identity.term WHERE text = :value"), {"value": CANARY})


@pytest.mark.parametrize(
    ("mistake", "sqlstate", "names"),
    [
        (same_key_twice, "23505", "identity, term, term_kind_text_key"),
        (nothing_where_something_must_be, "23502", "identity, term, canonical"),
        (reference_to_nobody, "23503", "identity, sighting, sighting_"),
        (text_for_a_number, "22P02", "InvalidTextRepresentation"),
        (text_for_a_date, "22007", "InvalidDatetimeFormat"),
        (copied_text_for_a_number, "22P02", "InvalidTextRepresentation"),
        (copied_key_twice, "23505", "identity, term, term_kind_text_key"),
        (copied_line_too_long, "22001", "StringDataRightTruncation"),
        (statement_that_is_none, "42703", 'column "nothing" does not exist'),
    ],
)
def test_an_error_names_objects_and_no_value(
    shared_store: Database, mistake: Callable[[Connection], None], sqlstate: str, names: str
) -> None:
    with pytest.raises(StoreError) as caught, shared_store.begin(Role.INTAKE) as connection:
        mistake(connection)
    error = caught.value
    assert error.sqlstate == sqlstate
    assert names in str(error)
    for said in everything_said(error):
        assert CANARY not in said
        assert str(NUMBER) not in said
        assert "Failing row" not in said
        assert "DETAIL" not in said


def test_a_wrong_password_is_not_told(postgres: Postgres, template: str, tmp_path: Path) -> None:
    for role in Role:
        (tmp_path / f"db_{role}").write_text(CANARY, encoding="utf-8")
    stranger = Database(f"127.0.0.1:{postgres.port}/{template}", tmp_path)
    with pytest.raises(StoreError) as caught, stranger.begin(Role.INTAKE):
        pass
    assert all(CANARY not in said for said in everything_said(caught.value))
    stranger.close()


def everything_said(error: BaseException) -> list[str]:
    """What a log could take from an error: its text, its repr, its traceback, and what `logging` makes of it."""
    stream = io.StringIO()
    logger = logging.Logger("errors")
    logger.addHandler(logging.StreamHandler(stream))
    try:
        raise error
    except type(error):
        logger.exception("failed")
    return [str(error), repr(error), repr(error.args), "".join(traceback.format_exception(error)), stream.getvalue()]


def test_after_an_error_nothing_of_the_transaction_stays(shared_store: Database) -> None:
    def a_package_and_a_mistake(connection: Connection) -> None:
        connection.execute(insert(tables.package), {
            "package_hash": "p", "hub": "h", "bytes": 1, "form": "csv", "recorded_as_of": NOW})  # fmt: skip
        same_key_twice(connection)

    with pytest.raises(StoreError), shared_store.begin(Role.INTAKE) as connection:
        a_package_and_a_mistake(connection)
    with shared_store.begin(Role.INTAKE) as connection:
        assert connection.execute(text("SELECT count(*) FROM core.package")).scalar() == 0


def test_copied_text_comes_back_as_it_was(shared_store: Database) -> None:
    """COPY's own marks (commas, quotes, backslashes, line ends, an empty text) are text like any other."""
    texts = ["a,b", 'he said "no"', "one\ntwo", "back\\slash", "\\N", "\\.", "", " spaces ", "张三·李四", "𠮷"]
    frame = pd.DataFrame({"term_id": range(900, 900 + len(texts)), "kind": "copied", "text": texts, "canonical": texts})
    with shared_store.begin(Role.INTAKE) as connection:
        assert copy_frame(connection, "identity.term", frame) == len(texts)
        assert connection.execute(
            text("SELECT text FROM identity.term WHERE kind = 'copied' ORDER BY 1")
        ).scalars().all() == sorted(texts)


def test_copied_missing_values_and_lists(shared_store: Database) -> None:
    frame = pd.DataFrame({"codes": [["a", 'b"c', "d,e"], [], None], "day": [pd.Timestamp("2026-11-30"), None, None]})
    with shared_store.begin(Role.INTAKE) as connection:
        connection.execute(text("CREATE TEMP TABLE listed (codes text[], day date)"))
        copy_frame(connection, "listed", frame)
        found = connection.execute(text("SELECT codes, day::text FROM listed")).all()
    assert [tuple(row) for row in found] == [(["a", 'b"c', "d,e"], "2026-11-30"), ([], None), (None, None)]
