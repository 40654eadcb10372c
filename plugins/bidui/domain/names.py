"""Comparing names (姓名): what is only another way of writing is told apart from another name.

Names are stored as written. `canonical` serves comparison only: one width, no spaces, one middle dot. The dot
itself is part of a name and never goes, and no rare character is replaced, but by the declared variants.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from bidui.domain.words import INVISIBLE

DOT = "·"
_DOTS = re.compile(
    "[.\u0387\u00b7\u1427\u16eb\u2022\u2024\u2027\u2219\u22c5\u25cf\u25e6\u2981\u2e31\u30fb\uff65\uff0e\u318d]"
)

FORM = "name_form"
"""Reason: only width, spaces or the kind of middle dot differ."""


def canonical(text: str) -> str:
    """``text`` in one width (NFKC), without spaces, and with ``·`` for the family of middle dots."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", _DOTS.sub(DOT, text)))


@dataclass(frozen=True)
class Variants:
    """The declared characters that stand for each other in names (异体字), with the reason for each pair."""

    pairs: tuple[tuple[str, str, str], ...] = ()
    _first: dict[int, str] = field(default_factory=dict, repr=False, compare=False)
    _reason: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str, str]]) -> Variants:
        """From (a, b, reason); a and b single characters. Variants of a variant are variants too."""
        made = cls(tuple(pairs))
        for a, b, reason in made.pairs:
            if len(a) != 1 or len(b) != 1 or a == b:
                raise ValueError("a name variant pairs two different single characters")
            keep, drop = made._first.get(ord(b), b), made._first.get(ord(a), a)
            made._first.update({code: keep for code, first in made._first.items() if first == drop})
            made._first.update({ord(a): keep, ord(b): keep, ord(drop): keep})
            made._reason.update({a: reason, b: reason})
        return made

    def canonical(self, name: str) -> str:
        """The canonical name with every declared variant replaced by the one that stands for all."""
        return canonical(name).translate(self._first)

    def reason(self, a: str, b: str) -> str | None:
        """Why two names written differently are one: `FORM` or the table's reason; None when they are not.

        Equal texts have the reason ``""``.
        """
        if a == b:
            return ""
        one, other = canonical(a), canonical(b)
        if one == other:
            return FORM
        if len(one) != len(other) or one.translate(self._first) != other.translate(self._first):
            return None
        found = {self._reason[x] for x, y in zip(one, other, strict=True) if x != y}
        return "|".join(sorted(found))
