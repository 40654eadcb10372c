"""Untidiness of files: what intake must repair or set aside, and what never changes truth.

Repairable rows belong to people to whom nothing happened in the period, quarantined rows to ordinary people
whose name and village no member of the register shares. A row is untidy in at most one way: counts are exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter

from bidui.synth.dice import Dice
from bidui.synth.projection import Context, Dataset, Untidiness
from bidui.synth.settings import SynthError
from bidui.synth.world import NOBODY

_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}


@dataclass(frozen=True)
class Untidied:
    """Rows to be repaired and set aside, by code of the issue."""

    repaired: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)


def make_untidy(
    dataset: Dataset,
    contexts: Sequence[Context],
    table: list[list[str]],
    *,
    calm: Callable[[Context], bool],
    shared: Set[tuple[str, str]],
    amount: Callable[[int], int],
    dice: Dice,
) -> Untidied:
    """Spoil ``table`` in place.

    ``calm`` tells whether nothing happened to a row's person; ``shared`` holds (name, village) of the members
    of the register.
    """
    used: set[int] = set()
    counts = Untidied()
    for untidy in dataset.projection.untidy:
        at, wanted, done = dataset.position(untidy.column), amount(untidy.count), 0
        for row in dice.shuffled(range(len(table))):
            if done == wanted:
                break
            context = contexts[row]
            if row in used or not calm(context) or (untidy.quarantined and not _is_apart(context, shared)):
                continue
            text = _spoilt(dataset, untidy, table[row][at], context, dice)
            if text is not None and text != table[row][at]:
                table[row][at] = text
                used.add(row)
                done += 1
        if done < wanted:
            raise SynthError("too_few_rows", dataset=dataset.id, kind=untidy.kind, wanted=wanted, found=done)
        if untidy.code:
            (counts.quarantined if untidy.quarantined else counts.repaired)[untidy.code] += done
    return counts


def _is_apart(context: Context, shared: Set[tuple[str, str]]) -> bool:
    return context.person.household is NOBODY and (context.said.name, context.said.village) not in shared


def _spoilt(dataset: Dataset, untidy: Untidiness, text: str, context: Context, dice: Dice) -> str | None:
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
        return f"{text}{dice.between(1, 7)}{dice.between(1, 4)}" if context.person.health == "disabled" else None
    if untidy.kind == "date_form":
        day = attrgetter(_field(dataset, untidy.column))(context)
        return day.strftime(dice.pick(untidy.forms)) if isinstance(day, date) else None
    return dice.pick(untidy.forms) if untidy.kind == "word" else ""


def _field(dataset: Dataset, column: str) -> str:
    root, _, name = str(dataset.expression(column)["from"]).partition(".")
    return f"{'said' if root in ('register', 'roster') else root}.{name}"
