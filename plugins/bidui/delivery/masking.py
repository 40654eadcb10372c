"""Masked forms of direct identifiers (掩码), for readers who must recognise a person but need no full number.

An unknown form is hidden altogether: a mask never shows more of a text than its rule says.
"""

from __future__ import annotations

import re

_ID_18 = re.compile(r"(\d{6})\d{8}(\d{3}[\dXx])")
_ID_15 = re.compile(r"(\d{6})\d{6}(\d{3})")
_MOBILE = re.compile(r"(1\d{2})\d{4}(\d{4})")


def mask_name(name: str) -> str:
    """The first character and one star for each other: 张*, 张**. A single character is hidden."""
    text = name.strip()
    return text[0] + "*" * (len(text) - 1) if len(text) > 1 else "*" * len(text)


def mask_id(number: str) -> str:
    """An ID number without its birth date: ``990821********451X``; a 15-digit one likewise."""
    text = number.strip()
    if found := _ID_18.fullmatch(text):
        return f"{found[1]}********{found[2]}"
    if found := _ID_15.fullmatch(text):
        return f"{found[1]}******{found[2]}"
    return "*" * len(text)


def mask_phone(number: str) -> str:
    """A mobile number without its middle: ``138****1234``."""
    text = number.strip()
    found = _MOBILE.fullmatch(text)
    return f"{found[1]}****{found[2]}" if found else "*" * len(text)
