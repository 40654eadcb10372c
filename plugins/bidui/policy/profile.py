"""Profiles: one hub's own policy over the base; every figure dated and with the clause it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from bidui.domain.period import Period
from bidui.domain.working_days import Counting
from bidui.policy.contract import Frozen

Value = int | float | str | tuple[str, ...]
"""What a threshold may be; a list (of codes) reaches SQL as an array."""
Stated = TypeVar("Stated")


class DatedValue(Frozen):
    """A figure, or a list of codes, that changes with the years."""

    values: dict[date, Value]
    unit: str
    of: str | None = None
    """Code list that the codes are of."""
    clauses: tuple[str, ...] = ()
    source: str = ""
    """Where it is from when no clause says it."""

    def on(self, day: date) -> Value:
        """The value in force on ``day``; KeyError when none is yet."""
        return _in_force(self.values, day)


class Window(Frozen):
    """The monthly exchange window (ZM-07)."""

    calls_day: int
    """Day of the month on which parties are asked for their data."""
    opens_day: int
    closes_day: int
    hour: int
    rolls_to_working_day: bool
    quarterly: tuple[str, ...] = ()
    """Datasets of those who cannot share by the month: due in the window of each quarter's last one."""
    clauses: tuple[str, ...]


class Deadline(Frozen):
    """A term: so many days, working days or months."""

    values: dict[date, int]
    """By the day from which it is so."""
    calendar: Counting
    clauses: tuple[str, ...] = ()
    source: str = ""

    def on(self, day: date) -> int:
        """The length in force on ``day``; KeyError when none is yet."""
        return _in_force(self.values, day)


class LeastRows(Frozen):
    """How many rows a file of a dataset has at least when it is whole; fewer, and absence from it is no evidence."""

    values: dict[date, Annotated[int, Field(ge=1)]]
    """By the day from which it is so. Of what regions hand in, for each part."""
    clauses: tuple[str, ...] = ()
    source: str = ""

    def on(self, day: date) -> int:
        """The number in force on ``day``; KeyError when none is yet."""
        return _in_force(self.values, day)


def _in_force(values: Mapping[date, Stated], day: date) -> Stated:
    begun = [since for since in values if since <= day]
    if not begun:
        raise KeyError(f"no value in force on {day}")
    return values[max(begun)]


class Desk(Frozen):
    """The hub's own office, as it signs."""

    title: str
    office: str
    email: str
    phone: str


class Numbering(Frozen):
    """The household numbering system of the register."""

    system: str


class Profile(Frozen):
    """One hub."""

    id: str
    title: str
    region: str
    levels: tuple[str, ...]
    clock: Literal["real", "simulated"]
    time_zone: str
    desk: Desk
    numbering: Numbering
    agreements: tuple[str, ...]
    titles: dict[str, str] = {}
    """Party → its name here, where its agreement's title is another one."""
    datasets: tuple[str, ...] | None = None
    """Of what the agreements provide, the datasets that are exchanged here; ``None``: all of them."""
    by_region: tuple[str, ...] = ()
    """Datasets that the regions hand in here, each its part, though an agency's agreement could give them whole."""
    unsealed: tuple[str, ...] = ()
    """Datasets that may come in unsealed here; without a word, everything is sealed (QA-07)."""
    window: Window
    expected: tuple[str, ...]
    """Datasets that the month waits for until the window ends."""
    rules: tuple[str, ...]
    deliveries: tuple[str, ...]
    thresholds: dict[str, DatedValue]
    deadlines: dict[str, Deadline]
    least_rows: dict[str, LeastRows] = {}
    """Dataset → how many rows make a whole file here; of the others, any row will do."""
    approvers: dict[str, tuple[str, ...]] = {}
    """Approval role → contacts who hold it."""

    def due_in(self, month: Period) -> tuple[str, ...]:
        """The datasets that a month waits for: by the month, and at a quarter's end those by the quarter (ZM-07)."""
        return (*self.expected, *(self.window.quarterly if month.ends_a_quarter else ()))


_OF_A_FIGURE = ("clauses", "source")
"""Where a figure is from: whoever states other values says it anew."""


def merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The profile's own statements over the base's: mappings are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and key != "values":
            if "values" in value:
                below = {name: said for name, said in below.items() if name not in _OF_A_FIGURE}
            value = merge(below, value)
        merged[key] = value
    return merged
