from __future__ import annotations

from datetime import date

import pytest

from bidui.synth.dice import Dice
from bidui.synth.id_number import Mint, birth_date, is_near, is_valid, slip


def test_a_minted_number_is_valid_new_and_says_birth_and_sex() -> None:
    mint, dice = Mint(), Dice(1, "test")
    numbers = [mint.number("990821", date(1980, 2, 29), sex, dice) for sex in ("male", "female") * 100]
    assert len(set(numbers)) == 200
    assert all(is_valid(n) and birth_date(n) == date(1980, 2, 29) and n.startswith("990821") for n in numbers)
    assert [int(n[16]) % 2 for n in numbers] == [1, 0] * 100


@pytest.mark.parametrize(
    "number",
    [
        "990821198002290016",
        "99082119800229001",
        "990821198002300018",
        "99082119800229001x",
        "",
        "99082119800229001０",
    ],
)
def test_other_texts_are_not_valid(number: str) -> None:
    assert not is_valid(number)


@pytest.mark.parametrize("kind", ["digit", "swap", "two_birth_digits"])
def test_a_slip_is_never_valid_and_near_only_where_it_should_be(kind: str) -> None:
    mint, dice = Mint(), Dice(2, kind)
    for _ in range(300):
        number = mint.number("990821", date(1975, 11, 23), "male", dice)
        wrong = slip(number, kind, dice)
        assert not is_valid(wrong)
        assert len(wrong) == 18
        assert is_near(number, wrong, 1) == (kind != "two_birth_digits")
