"""Profiles: one hub's own policy over the base; every figure dated and with the clause it comes from."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from bidui.policy.contract import Frozen


class DatedValue(Frozen):
    """A figure that changes with the years."""

    values: dict[date, int | float | str]
    unit: str
    clauses: tuple[str, ...] = ()
    source: str = ""
    """Where it is from when no clause says it."""

    def on(self, day: date) -> int | float | str:
        """The value in force on ``day``; KeyError when none is yet."""
        begun = [since for since in self.values if since <= day]
        if not begun:
            raise KeyError(f"no value in force on {day}")
        return self.values[max(begun)]


class Window(Frozen):
    """The monthly exchange window (ZM-07)."""

    calls_day: int
    """Day of the month on which parties are asked for their data."""
    opens_day: int
    closes_day: int
    hour: int
    rolls_to_working_day: bool
    clauses: tuple[str, ...]


class Deadline(Frozen):
    """A term in days."""

    days: int
    calendar: Literal["calendar", "working"]
    clauses: tuple[str, ...] = ()
    source: str = ""


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
    window: Window
    expected: tuple[str, ...]
    """Datasets that the month waits for until the window ends."""
    rules: tuple[str, ...]
    deliveries: tuple[str, ...]
    thresholds: dict[str, DatedValue]
    deadlines: dict[str, Deadline]
    approvers: dict[str, tuple[str, ...]] = {}
    """Approval role → contacts who hold it."""


def merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The profile's own statements over the base's: mappings are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = (
            merge(below, value) if isinstance(below, dict) and isinstance(value, dict) and key != "values" else value
        )
    return merged
