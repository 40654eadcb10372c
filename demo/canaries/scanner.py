"""Finding canaries in text, in any of the forms in which they slip out.

Digits are compared by a window that slides over every run of them, so that ten thousands of canaries cost no more than
one. A text is looked at as it stands, in narrow characters, with its escapes undone, and with the digits that stand in
it as base64 (at any alignment, wrapped or not) or hex.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from demo.canaries.people import Canaries, name

_SEPARATORS = str.maketrans("", "", " -")
_DIGITS = re.compile(r"\d(?:[ -]?\d){10,}(?:[ -]?[Xx])?")
_PHONE = re.compile(r"(?<!\d)(?:86[ -]?)?(1\d\d[ -]?\d{4}[ -]?\d{4})(?!\d)")
_NAME = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff·•・．‧●]{2,}")
_ESCAPE = re.compile(r"\\+u([0-9A-Fa-f]{4})")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){2,}")
_HEX = re.compile(r"(?:3[0-9]){11,}(?:[57]8)?")

# Three digits are four letters of base64, each out of a few; a group more on either side holds what is cut off.
_BASE64 = re.compile(r"(?:[MNO][DTjz][AEIMQUYcgk][wxyz0-5]){3,}")
_WRAP = re.compile(r"\n(?<=[A-Za-z0-9+/]{60}\n)|\r\n(?<=[A-Za-z0-9+/]{60}\r\n)")
_LETTERS = re.compile(r"[A-Za-z0-9+/_-]*")

SHORTEST_NAME = 3
"""Shorter names are ordinary words as well: they count only where no other Chinese character stands beside them."""


@dataclass(frozen=True)
class Hit:
    """One canary found. Its repr does not show it."""

    kind: str
    """number | short | phone | name"""
    form: str
    """raw | full_width | base64 | hex | escaped"""
    canary: str = field(repr=False)


class Scanner:
    """Looks for the canaries of one county."""

    def __init__(self, canaries: Canaries) -> None:
        self._known = canaries
        self._longest_name = max(map(len, canaries.names), default=0)

    def scan(self, text: str) -> set[Hit]:
        """Every canary in a text, by the form in which it stands there."""
        found = {Hit(kind, "raw", canary) for kind, canary in self._inside(text)}
        if not text.isascii():
            told = {(hit.kind, hit.canary) for hit in found}
            narrow = set(self._inside(unicodedata.normalize("NFKC", text)))
            found |= {Hit(kind, "full_width", canary) for kind, canary in narrow - told}
        for form, view in _undone(text):
            found |= {Hit(kind, form, canary) for kind, canary in self._inside(unicodedata.normalize("NFKC", view))}
        return found

    def _inside(self, text: str) -> Iterator[tuple[str, str]]:
        known = self._known
        for run in _DIGITS.finditer(text):
            digits = run[0].translate(_SEPARATORS).upper()
            for at in range(len(digits) - 14):
                if digits[at : at + 18] in known.numbers:
                    yield "number", digits[at : at + 18]
                elif digits[at : at + 15] in known.short:
                    yield "short", digits[at : at + 15]
            for part in _PHONE.finditer(run[0]):
                if (phone := part[1].translate(_SEPARATORS)) in known.phones:
                    yield "phone", phone
        if not text.isascii():
            yield from self._names(text)

    def _names(self, text: str) -> Iterator[tuple[str, str]]:
        for run in _NAME.finditer(text):
            said = name(run[0])
            if len(said) < SHORTEST_NAME and said in self._known.names:
                yield "name", said
            for length in range(SHORTEST_NAME, min(self._longest_name, len(said)) + 1):
                for at in range(len(said) - length + 1):
                    if said[at : at + length] in self._known.names:
                        yield "name", said[at : at + length]


def _undone(text: str) -> Iterator[tuple[str, str]]:
    """What stands in a text in another writing."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text
    plain = _PERCENT.sub(lambda found: unquote(found[0]), plain) if "%" in text else plain
    if plain != text:
        yield "escaped", plain
    unwrapped = _WRAP.sub("", text)
    for run in _BASE64.finditer(unwrapped):
        yield "base64", _decoded(unwrapped, run.start(), run.end())
    for run in _HEX.finditer(text):
        yield "hex", bytes.fromhex(run[0]).decode("ascii")


def _decoded(text: str, start: int, end: int) -> str:
    """The digits that base64 holds from ``start`` to ``end``, and up to three characters before and after."""
    before, after = text[max(start - 4, 0) : start], _LETTERS.match(text, end, end + 4)
    letters = (before if len(before) == 4 and _LETTERS.fullmatch(before) else "") + text[start:end]
    letters += after[0] if after else ""
    letters = letters[: len(letters) - (len(letters) % 4 == 1)].replace("-", "+").replace("_", "/")
    return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("ascii", "replace")
