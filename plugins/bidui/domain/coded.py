"""Closed lists of codes that say what they mean."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Coded(StrEnum):
    """Base of a closed list: each member is a code, with a line of text beside it."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Keep the code as the string value and its meaning beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
