"""Tokens: each identifier gets one number, once, and the same in the same order anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pandas as pd
import pytest
from sqlalchemy import Connection, text

from bidui.domain.names import Variants
from bidui.identity import tokens
from bidui.store.database import Database, Role

Beginning = Callable[[], AbstractContextManager[Connection]]


def numbers(*given: str) -> pd.DataFrame:
    return pd.DataFrame({"id_number": given, "birth_date": None, "sex": None}, dtype=object)


@pytest.fixture
def rolled_back(shared_store: Database) -> Beginning:
    """Transactions that leave nothing."""

    class _Enough(Exception):  # noqa: N818
        pass

    @contextmanager
    def begin() -> Iterator[Connection]:
        try:
            with shared_store.begin(Role.INTAKE) as connection:
                yield connection
                raise _Enough
        except _Enough:
            pass

    return begin


def test_persons_are_minted_once(rolled_back: Beginning, as_of: datetime) -> None:
    with rolled_back() as connection:
        first = tokens.persons(connection, numbers("A", "B", "A"), as_of)
        again = tokens.persons(connection, numbers("C", "B", "A"), as_of)
        assert first.to_dict() == {"A": 1, "B": 2}
        assert again.to_dict() == {"A": 1, "B": 2, "C": 3}
        assert connection.execute(text("SELECT count(*) FROM identity.person")).scalar() == 3


def test_the_same_order_gives_the_same_numbers_and_a_rollback_leaves_no_gap(
    rolled_back: Beginning, as_of: datetime
) -> None:
    seen = []
    for _ in range(2):
        with rolled_back() as connection:
            tokens.persons(connection, numbers("Z", "M", "A"), as_of)
            seen.append(tokens.persons(connection, numbers("B", "A", "Z"), as_of).to_dict())
    assert seen == [{"Z": 1, "A": 3, "B": 4}] * 2


def test_a_person_keeps_what_the_number_says(rolled_back: Beginning, as_of: datetime) -> None:
    frame = pd.DataFrame(
        {
            "id_number": ["A", "B"],
            "birth_date": pd.Series([pd.Timestamp("1980-02-03"), None], dtype="datetime64[s]"),
            "sex": ["female", None],
        }
    )
    with rolled_back() as connection:
        tokens.persons(connection, frame, as_of)
        kept = connection.execute(
            text("SELECT birth_date::text, sex, recorded_as_of FROM identity.person ORDER BY person_id")
        ).all()
    assert [tuple(row) for row in kept] == [("1980-02-03", "female", as_of), (None, None, as_of)]


def test_terms_are_told_apart_by_kind(rolled_back: Beginning) -> None:
    with rolled_back() as connection:
        assert tokens.terms(connection, "name", ["张三", "李四", "张三"]).to_dict() == {"张三": 1, "李四": 2}
        assert tokens.terms(connection, "phone", ["张三"]).to_dict() == {"张三": 3}
        assert tokens.terms(connection, "name", ["李四"]).to_dict() == {"李四": 2}


def test_ways_of_writing_a_name_are_published_as_variants(rolled_back: Beginning) -> None:
    variants = Variants.of([("國", "国", "traditional_character")])
    with rolled_back() as connection:
        ids = tokens.terms(connection, "name", ["王国", "王國", "王 国", "王果"], variants)
        pairs = connection.execute(text("SELECT name_a, name_b FROM identity.name_variant")).all()
    same = {ids["王国"], ids["王國"], ids["王 国"]}
    assert {tuple(pair) for pair in pairs} == {(a, b) for a in same for b in same if a != b}
    assert len(ids) == 4


def test_households_are_told_apart_by_hub_and_numbering_system(rolled_back: Beginning) -> None:
    with rolled_back() as connection:
        assert tokens.households(connection, "one", "national", ["99", "98"]).to_dict() == {"99": 1, "98": 2}
        assert tokens.households(connection, "one", "provincial", ["99"]).to_dict() == {"99": 3}
        assert tokens.households(connection, "two", "national", ["99"]).to_dict() == {"99": 4}
        assert tokens.households(connection, "one", "national", ["98"]).to_dict() == {"98": 2}


def test_nothing_asked_nothing_minted(rolled_back: Beginning, as_of: datetime) -> None:
    with rolled_back() as connection:
        assert tokens.persons(connection, numbers(), as_of).empty
        assert tokens.terms(connection, "name", []).empty
        assert tokens.households(connection, "one", "national", []).empty


# -- two at once


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """Somebody else, at the same time."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def waits_for_a_lock(store: Database) -> bool:
    """Whether some transaction waits for a lock, asked until one does (at most five seconds)."""
    query = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    for _ in range(500):
        with store.begin(Role.OWNER) as connection:
            if connection.execute(query).scalar():
                return True
        threading.Event().wait(0.01)
    return False


@pytest.mark.parametrize("first_one_commits", [True, False])
def test_two_who_meet_a_new_number_at_once_make_one_person(
    store: Database, as_of: datetime, other: ThreadPoolExecutor, first_one_commits: bool
) -> None:
    def mint(*given: str) -> dict[str, int]:
        with store.begin(Role.INTAKE) as connection:
            return tokens.persons(connection, numbers(*given), as_of).to_dict()

    waiting: list[Future[dict[str, int]]] = []
    try:
        with store.begin(Role.INTAKE) as connection:
            mine = tokens.persons(connection, numbers("A", "B"), as_of).to_dict()
            waiting.append(other.submit(mint, "B", "C"))
            assert waits_for_a_lock(store)
            assert first_one_commits or 1 / 0
    except ZeroDivisionError:
        mine = {}
    theirs = waiting[0].result(timeout=20)
    assert theirs == ({"B": mine["B"], "C": 3} if first_one_commits else {"B": 1, "C": 2})
    with store.begin(Role.INTAKE) as connection:
        kept = connection.execute(text("SELECT person_id FROM identity.person ORDER BY 1")).scalars().all()
    assert kept == list(range(1, 4 if first_one_commits else 3))


def test_two_who_mint_in_different_order_wait_and_do_not_deadlock(
    store: Database, as_of: datetime, other: ThreadPoolExecutor
) -> None:
    """A package may bring new names before it brings new persons: those of its rows that were set aside."""
    begun = threading.Event()

    def names_first() -> None:
        begun.wait(5)
        with store.begin(Role.INTAKE) as connection:
            tokens.terms(connection, "name", ["张三"])
            begun.clear()
            tokens.persons(connection, numbers("A"), as_of)

    theirs = other.submit(names_first)
    with store.begin(Role.INTAKE) as connection:
        tokens.persons(connection, numbers("B"), as_of)
        begun.set()
        assert waits_for_a_lock(store)
        tokens.terms(connection, "name", ["李四"])
    theirs.result(timeout=20)
    with store.begin(Role.INTAKE) as connection:
        assert connection.execute(text("SELECT count(*) FROM identity.person")).scalar() == 2
        assert connection.execute(text("SELECT count(*) FROM identity.term")).scalar() == 2
