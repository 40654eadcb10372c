"""Chinese written forms of dates, periods and numbers.

``FILTERS`` and ``DUE_FILTERS`` are the names that templates use. ``None`` is written as a dash everywhere: a figure
that nobody has is neither zero nor a fault.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from bidui.domain.period import Period

NOTHING = "—"
PUBLISHED = "published_years"
"""By this name every template has the years whose days off are known; the filters of due dates ask for it."""
_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_HALVES = ("上半年", "下半年")
Number = int | float | Decimal


def cn_date(value: date | str | None) -> str:
    """``2026年10月25日``, from a date or its ISO text."""
    if value is None:
        return NOTHING
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日"


def cn_time(value: datetime | str | None) -> str:
    """``2026年10月25日9时05分``, in the zone that the value carries."""
    if value is None:
        return NOTHING
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{cn_date(moment)}{moment.hour}时{moment.minute:02d}分"


def cn_period(value: Period | str | None) -> str:
    """``2026年10月``, ``2026年第四季度``, ``2026年下半年`` or ``2026年``; else raises PeriodError."""
    if value is None:
        return NOTHING
    period = Period.parse(value) if isinstance(value, str) else value
    ordinal = (period.first_month - 1) // period.months
    quarter = f"第{cn_number(ordinal + 1)}季度"
    words = {1: f"{period.first_month}月", 3: quarter, 6: _HALVES[ordinal % 2], 12: ""}
    return f"{period.year}年{words[period.months]}"


def cn_number(value: int | None) -> str:
    """Chinese numerals for 0 to 9999: 七, 十二, 二十, 一百零五."""
    if value is None:
        return NOTHING
    if not 0 <= value <= 9999:
        raise ValueError("Chinese numerals are written for 0 to 9999")
    if value == 0:
        return _DIGITS[0]
    text = "".join(
        _DIGITS[int(digit)] + (_UNITS[place] if digit != "0" else "")
        for digit, place in zip(str(value), range(len(str(value)) - 1, -1, -1), strict=True)
    )
    while "零零" in text:
        text = text.replace("零零", "零")
    text = text.rstrip("零")
    return text.removeprefix("一") if text.startswith("一十") else text


def number(value: Number | None, digits: int = 0) -> str:
    """Grouped by thousands: ``12,345``; ``digits`` after the point."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def percent(value: Number | None, digits: int = 1) -> str:
    """A share as per cent: ``0.123`` is ``12.3%``."""
    return NOTHING if value is None else f"{value * 100:.{digits}f}%"


def change(value: Number | None, digits: int = 0) -> str:
    """A difference with its sign, for tables: ``+1,203``, ``-7``, ``0``."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}"
    return text if set(text) & set("123456789") else text[1:]


def compared(value: Number | None, to: str, unit: str = "", words: tuple[str, str] = ("增加", "减少")) -> str:
    """A difference in words: ``比上月减少72格``, ``与上月持平``; ``to`` is what it is compared with."""
    if value is None:
        return f"{to}无可比数据"
    if not value:
        return f"与{to}持平"
    return f"比{to}{words[value < 0]}{abs(value):,}{unit}"


def points(value: Number | None, to: str, digits: int = 2) -> str:
    """A difference of two shares in words: ``0.012`` is ``比上月提高1.2个百分点``."""
    rounded = None if value is None else round(float(value) * 100, digits)
    whole = int(rounded) if rounded is not None and rounded.is_integer() else rounded
    return compared(whole, to, "个百分点", ("提高", "下降"))


@pass_context
def provisional(context: Context, due: date | str | None) -> str:
    """``（暂定）`` behind a due date in a year whose days off are not published yet; nothing behind any other text."""
    published = context.get(PUBLISHED)
    year = str(due)[:4]
    return "（暂定）" if published is not None and year.isdigit() and int(year) not in published else ""


@pass_context
def cn_due(context: Context, due: date | str | None) -> str:
    """A due date as ``2027年1月6日（暂定）``, the mark only where `provisional` sets it."""
    return cn_date(due) + provisional(context, due)


def display_width(text: str) -> int:
    """Width in half-width characters: a Chinese character counts two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "cn_date": cn_date, "cn_time": cn_time, "cn_period": cn_period, "cn_number": cn_number,
    "number": number, "percent": percent, "change": change, "compared": compared, "points": points,
})  # fmt: skip
DUE_FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType({"cn_due": cn_due, "provisional": provisional})
"""Those that ask the template's surroundings for `PUBLISHED`."""
