"""Derived passwords."""

from __future__ import annotations

import pytest

from bidui.sealing.passwords import ALPHABET, derive

MASTER = bytes(range(32))


def test_it_can_be_read_over_the_telephone() -> None:
    password = derive(MASTER, "town_a", "990821101", "2026-10")
    groups = password.split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert set("".join(groups)) <= set(ALPHABET)
    assert not set(ALPHABET) & set("0O1lIio")


def test_it_is_the_same_every_time_and_on_every_machine() -> None:
    """Computed apart, with the standard library's hmac. Another value locks all workbooks sent before."""
    assert derive(MASTER, "town_a", "990821101", "2026-10") == "qcb2-dcsd-8dv4-hjsw"


def test_another_master_party_scope_or_period_gives_another() -> None:
    others = [
        derive(MASTER, "a", "s", "2026-10"),
        derive(MASTER[::-1], "a", "s", "2026-10"),
        derive(MASTER, "b", "s", "2026-10"),
        derive(MASTER, "a", "t", "2026-10"),
        derive(MASTER, "a", "s", "2026-11"),
        derive(MASTER, "as", "2026", "-10"),
        derive(MASTER, 'a", "s', "s", "2026-10"),
    ]
    assert len(set(others)) == len(others)


def test_every_letter_is_used() -> None:
    letters = "".join(derive(MASTER, "a", "s", str(number)) for number in range(200))
    counts = [letters.count(letter) for letter in ALPHABET]
    assert min(counts) > 60
    assert max(counts) < 160


@pytest.mark.parametrize(
    ("master", "party", "scope", "period"),
    [(MASTER[:31], "a", "s", "p"), (MASTER, "", "s", "p"), (MASTER, "a", "", "p"), (MASTER, "a", "s", "")],
)
def test_nothing_is_derived_from_too_little(master: bytes, party: str, scope: str, period: str) -> None:
    with pytest.raises(ValueError, match="password needs"):
        derive(master, party, scope, period)
