"""People who exist nowhere else, in every form in which somebody may slip out."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace

from demo.canaries.people import Canaries
from demo.canaries.scanner import Hit

_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_NUMBERS = [f"99000019000101{at:03d}{'X' if at % 2 else '7'}" for at in range(1, 12)]
_SHORT, _PHONE, _NAME = "990000000101999", "16400000001", "欧阳丝雀"


@dataclass(frozen=True)
class Plant:
    """A text to be planted, and what has to be found in it."""

    text: str
    hit: Hit


def _planted() -> list[Plant]:
    raw, spaced, lower, certificate, wide, escaped, hexed, *encoded = _NUMBERS
    texts = {
        raw: ("raw", raw), spaced: ("raw", f"{spaced[:6]} {spaced[6:14]} {spaced[14:]}"), lower: ("raw", lower.lower()),
        certificate: ("raw", f"{certificate}43"), wide: ("full_width", wide.translate(_WIDE)),
        escaped: ("escaped", "".join(f"\\u{ord(c):04x}" for c in escaped.translate(_WIDE))),
        hexed: ("hex", hexed.encode().hex()),
        **{n: ("base64", base64.b64encode(b"." * at + n.encode()).decode()) for at, n in enumerate(encoded[:3])},
    }  # fmt: skip
    return [
        *(Plant(text, Hit("number", form, number)) for number, (form, text) in texts.items()),
        Plant(_SHORT, Hit("short", "raw", _SHORT)), Plant(f"2026-11-21 {_PHONE}", Hit("phone", "raw", _PHONE)),
        Plant(_NAME, Hit("name", "raw", _NAME)),
    ]  # fmt: skip


PLANTS = _planted()
"""Raw, spaced, lower-case, as a certificate's number, full-width, escaped, hex, base64 at its three alignments; the
number of 15 digits, a telephone number after a date, a name."""


def among(canaries: Canaries) -> Canaries:
    """The canaries with those that are planted."""
    assert not canaries.numbers & set(_NUMBERS)
    return replace(
        canaries, numbers=canaries.numbers | set(_NUMBERS), short=canaries.short | {_SHORT},
        phones=canaries.phones | {_PHONE}, names=canaries.names | {_NAME},
    )  # fmt: skip
