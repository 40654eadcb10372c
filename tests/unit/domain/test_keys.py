"""Content-addressed ids: the same content has the same id, anything else another."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bidui.domain import keys


def test_a_digest_is_sixty_four_hexadecimal_characters_and_stays_for_ever() -> None:
    """This very value stands in ledgers: another would orphan every key."""
    assert keys.digest("finding", "甲", 1) == "3c97f4c7510f583076434510957e132d91766a5f17914d260b25582d5c6d14a6"
    assert len(keys.digest()) == 64
    assert set(keys.digest("x")) <= set("0123456789abcdef")


def test_the_order_of_parts_counts_and_that_of_keys_does_not() -> None:
    assert keys.digest("a", "b") != keys.digest("b", "a")
    assert keys.digest({"a": 1, "b": 2}) == keys.digest({"b": 2, "a": 1})
    assert keys.digest([1, 2]) != keys.digest([2, 1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a",), ("a", "")),
        (("a", None), ("a", "")),
        ((1,), ("1",)),
        ((("a", "b"),), ("a", "b")),
        (("a",), ("A",)),
    ],
)
def test_parts_do_not_run_into_one_another(one: tuple, other: tuple) -> None:
    assert keys.digest(*one) != keys.digest(*other)


def test_days_and_times_count_as_they_are_written() -> None:
    assert keys.digest(date(2026, 11, 30)) == keys.digest("2026-11-30")
    assert keys.digest(datetime(2026, 11, 30, tzinfo=UTC)) == keys.digest("2026-11-30 00:00:00+00:00")


def test_a_tuple_is_a_list() -> None:
    assert keys.digest(("a", 1)) == keys.digest(["a", 1])


def test_a_number_fits_a_positive_bigint() -> None:
    numbers = [keys.number("submission", n) for n in range(1000)]
    assert len(set(numbers)) == 1000
    assert all(0 <= n < 2**63 for n in numbers)
    assert keys.number("a") == int(keys.digest("a")[:16], 16) // 2


def test_a_file_is_known_by_its_bytes_however_they_come() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert keys.file_digest([]) == empty
    assert keys.file_digest([b"abc"]) == keys.file_digest([b"a", b"", b"bc"]) == abc
