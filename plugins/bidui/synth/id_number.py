"""Citizen identity numbers (GB 11643) for synthetic people, and the slips of the pen that spoil them.

Truth keeps its own check digit on purpose: it must not be right or wrong together with the product's.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from bidui.synth.dice import Dice

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_BIRTH = slice(6, 14)
_ROUNDED = "000"


def check_digit(first17: str) -> str:
    """The last character that belongs to 17 digits."""
    return _CHECK[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


@lru_cache(maxsize=1 << 17)
def is_valid(number: str) -> bool:
    """Whether ``number`` has 18 places, a day that exists and the right last character."""
    if len(number) != 18 or not (number.isascii() and number[:17].isdigit()):
        return False
    try:
        birth_date(number)
    except ValueError:
        return False
    return check_digit(number[:17]) == number[17]


def birth_date(number: str) -> date:
    """The day of birth in a number; ValueError where there is no such day."""
    born = number[_BIRTH]
    return date(int(born[:4]), int(born[4:6]), int(born[6:]))


def is_near(a: str, b: str, digits: int) -> bool:
    """Whether two numbers could be one person's.

    They share the day of birth, are at most ``digits`` places apart or have two neighbours swapped.
    """
    if len(a) != 18 or len(b) != 18:
        return False
    apart = [i for i in range(18) if a[i] != b[i]]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]]
    return a[_BIRTH] == b[_BIRTH] or len(apart) <= digits or swapped


class Mint:
    """Hands out each number once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def number(self, county: str, birth: date, sex: str, dice: Dice) -> str:
        """A new valid number that begins with the code of a county; an odd 17th digit for ``male``."""
        while True:
            order = 2 * dice.between(0, 499) + (1 if sex == "male" else 0)
            first17 = f"{county}{birth:%Y%m%d}{order:03d}"
            number = first17 + check_digit(first17)
            if number not in self._given:
                self._given.add(number)
                return number


def slip(number: str, kind: str, dice: Dice) -> str:
    """``number`` as mistyped: ``digit``, ``swap`` (two neighbours) or ``two_birth_digits``.

    Its check digit never fits, and it does not look as if a spreadsheet had rounded it.
    """
    while True:
        wrong = list(number)
        if kind == "digit":
            at = dice.between(6, 16)
            wrong[at] = _other(wrong[at], dice)
        elif kind == "swap":
            at = dice.between(6, 15)
            wrong[at], wrong[at + 1] = wrong[at + 1], wrong[at]
        else:
            first = dice.between(8, 11)
            for at in (first, first + 2):
                wrong[at] = _other(wrong[at], dice)
        text = "".join(wrong)
        if text != number and check_digit(text[:17]) != text[17] and not text.endswith(_ROUNDED):
            return text


def _other(digit: str, dice: Dice) -> str:
    return str((int(digit) + dice.between(1, 9)) % 10)
