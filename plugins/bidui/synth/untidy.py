"""Untidiness of files: what intake must repair or set aside, and what never changes truth.

Repairable rows belong to people to whom nothing happened in the period, quarantined rows to ordinary people
whose name and village no member of the register shares. A row is untidy in at most one way: counts are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from bidui.synth.dice import Dice
from bidui.synth.expression import Context, attribute
from bidui.synth.projection import Projected, Untidiness
from bidui.synth.source import SynthError
from bidui.synth.world import NOBODY

_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}


class Mark(NamedTuple):
    """One row that was spoilt, and the issue that intake is to make of it."""

    row: int
    code: str
    quarantined: bool


def make_untidy(
    dataset: Projected,
    contexts: Sequence[Context],
    table: list[list[str]],
    *,
    calm: Callable[[Context], bool],
    shared: Set[tuple[str, str]],
    amount: Callable[[int], int],
    dice: Dice,
) -> list[Mark]:
    """Spoil ``table`` in place; returns the rows that make an issue.

    ``calm`` tells whether nothing happened to a row's person; ``shared`` holds (name, village) of the members
    of the register.
    """
    used: set[int] = set()
    marks: list[Mark] = []
    for untidy in dataset.projection.untidy:
        at, wanted, done = dataset.position(untidy.column), amount(untidy.count), 0
        for row in dice.shuffled(range(len(table))):
            if done == wanted:
                break
            context = contexts[row]
            if row in used or not calm(context) or (untidy.quarantined and not _is_apart(context, shared)):
                continue
            if not _speaks_alone(dataset, untidy.column, table, row):
                continue
            text = _spoilt(dataset, untidy, table[row][at], context, dice)
            if text is not None and text != table[row][at]:
                table[row][at] = text
                used.add(row)
                done += 1
                if untidy.code:
                    marks.append(Mark(row, untidy.code, untidy.quarantined))
        if done < wanted:
            raise SynthError("too_few_rows", dataset=dataset.id, kind=untidy.kind, wanted=wanted, found=done)
    return marks


def _is_apart(context: Context, shared: Set[tuple[str, str]]) -> bool:
    return context.person.household is NOBODY and (context.said.name, context.said.village) not in shared


def _speaks_alone(dataset: Projected, column: str, table: Sequence[list[str]], row: int) -> bool:
    """Whether a cell speaks for this row only: what stands once for a household is spoilt where it has one person."""
    members = dataset.sheet.members
    if not members or column in members.columns:
        return True
    last = row + 1 == len(table) or dataset.starts_household(table[row + 1])
    return dataset.starts_household(table[row]) and last


def _spoilt(dataset: Projected, untidy: Untidiness, text: str, context: Context, dice: Dice) -> str | None:
    """``text`` made untidy, or None where this row cannot be so."""
    if untidy.kind == "full_width":
        return text.translate(_FULL_WIDTH)
    if untidy.kind == "lower_case":
        return text.lower()
    if untidy.kind == "spaced":
        at = dice.pick((6, 14))
        return f"{text[:at]} {text[at:]}" if text else None
    if untidy.kind == "fifteen":
        return text[:6] + text[8:17] if context.person.birth.year < untidy.born_before else None
    if untidy.kind == "disability_number":
        return f"{text}{dice.between(1, 7)}{dice.between(1, 4)}" if context.person.certificate else None
    if untidy.kind == "eighteen":
        return text[:18]
    if untidy.kind == "grouped":
        return f"{float(text):,.2f}" if text and float(text) >= 1000 else None
    if untidy.kind == "date_form":
        path = str(dataset.expression(untidy.column)["from"])
        day = attrgetter(attribute(path))(context)
        return day.strftime(dice.pick(untidy.forms)) if isinstance(day, date) else None
    return dice.pick(untidy.forms) if untidy.kind == "word" else ""
