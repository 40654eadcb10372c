"""Folding written words so that two spellings of one word meet: for headers, labels and codes."""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
"""Spaces and characters without width, which come along when cells are pasted."""

_MARKS = "*:"


def fold(text: str) -> str:
    """``text`` in one width and case, without spaces, line breaks, ``*`` and ``:``. Not for storing."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip(_MARKS).casefold()


def tidy(text: str) -> str:
    """``text`` in one width (NFKC) and without spaces around it: lossless enough to store, unlike `fold`."""
    if text.isascii():
        return text.strip()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return text.strip(" \t\r\n\x0b\x0c\u200b\ufeff")


NO_VALUE = frozenset(
    {"", "无", "—", "——", "-", "--", "/", "\\", "null", "none", "nan", "nil", "n/a", "空", "暂无", "不详"}
)
"""Words (lower case) written where there is no value. In a column of text they may be meant."""
