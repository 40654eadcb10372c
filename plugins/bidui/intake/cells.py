"""One cell's text as a value. Each function answers (value, code): no value and no code is an empty cell.

A code that ends in ``_unreadable`` says that there is no value although something is written; others record a
lossless repair, or (``_dropped``) a part that was left out. Nothing is guessed: ``3/5/2024``, ``24.3.5`` and,
as a month, ``2024.1`` (October, once a spreadsheet has taken it for a number) stay unread.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from bidui.domain.words import NO_VALUE

_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(20_000, 73_051)
"""1954 to 2099: five digits that a spreadsheet shows for a day."""

_SPACED = re.compile(r"\s*([-./年月日号])\s*")
_DAY = re.compile(r"(\d{4})(?:([-./])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号]?)")
_DENSE_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{6})?")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_TIME = re.compile(r"[ T]*(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:Z|[+-]\d{2}:?\d{2})?$")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"(\d{4})(?:(\d{2})|-(\d{1,2})|/(\d{1,2})|年(\d{1,2})月|\.(\d{2}))")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MONEY = re.compile(r"^[¥￥]?\s*(.*?)\s*元?$")

_BOOLEANS = {"是": True, "true": True, "1": True, "yes": True, "y": True, "t": True,
             "否": False, "false": False, "0": False, "no": False, "n": False, "f": False}  # fmt: skip


def empty(text: str) -> bool:
    """Whether the text says that there is no value."""
    return text.lower() in NO_VALUE


def day(text: str) -> tuple[date | None, str | None]:
    """A day: 2024-03-05, 20240305, 2024-3-5, 2024.3.5, 2024/3/5, 2024年3月5日, any with a time; a serial."""
    if empty(text):
        return None, None
    code = None if _ISO.fullmatch(text) else "date_form"
    clock = _TIME.search(text)
    if clock:
        text = text[: clock.start()]
        code = "date_form" if not clock[1].strip("0:.") else "date_time_dropped"
    text = _SPACED.sub(r"\1", text)
    if dense := _DENSE_DAY.fullmatch(text):
        late = (dense[4] or "").strip("0")
        return _dated(
            dense[1], dense[2], dense[3], "date_time_dropped" if late else code if clock or dense[4] else None
        )
    if written := _DAY.fullmatch(text):
        return _dated(written[1], written[3] or written[5], written[4] or written[6], code)
    if (serial := _SERIAL.fullmatch(text)) and int(serial[1]) in _SERIALS and not clock:
        late = (serial[2] or "").strip("0.")
        return _SERIAL_ZERO + timedelta(days=int(serial[1])), "date_time_dropped" if late else "date_serial"
    return None, "date_unreadable"


def _dated(year: str, month: str, in_month: str, code: str | None) -> tuple[date | None, str | None]:
    try:
        return date(int(year), int(month), int(in_month)), code
    except ValueError:
        return None, "date_unreadable"


def month(text: str) -> tuple[date | None, str | None]:
    """The first day of a month: 202403, 2024-03, 2024年3月, 2024/3, 2024.03, or a day of it."""
    if empty(text):
        return None, None
    text = _SPACED.sub(r"\1", text)
    if found := _MONTH.fullmatch(text):
        plain = bool(found[2]) or (found[3] is not None and len(found[3]) == 2)
        value, code = _dated(found[1], next(g for g in found.groups()[1:] if g), "1", None if plain else "month_form")
    else:
        value, code = day(text)
        if value:
            code = "month_form" if value.day == 1 else "month_day_dropped"
    return (value.replace(day=1), code) if value else (None, "month_unreadable")


def decimal(text: str) -> tuple[float | None, str | None]:
    """A number: thousands separators, ¥ and 元 are taken off; units such as 万元 are not understood."""
    if empty(text):
        return None, None
    bare = _MONEY.sub(r"\1", text)
    if _GROUPED.fullmatch(bare):
        return float(bare.replace(",", "")), "number_form"
    if _NUMBER.fullmatch(bare):
        return float(bare), None if bare == text else "number_form"
    return None, "number_unreadable"


def integer(text: str) -> tuple[int | None, str | None]:
    """A whole number; ``3.0`` is one, ``3.5`` is not."""
    value, code = decimal(text)
    if value is None:
        return None, code
    if value != int(value) or abs(value) >= 1e15:
        return None, "number_unreadable"
    return int(value), code or (None if text.lstrip("+-").isdigit() else "number_form")


def boolean(text: str) -> tuple[bool | None, str | None]:
    """是 or 否, 1 or 0, true or false, yes or no."""
    if empty(text):
        return None, None
    value = _BOOLEANS.get(text.lower())
    return value, None if value is not None else "boolean_unreadable"
