"""The order of a stated household: every one that is left has a head, who comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bidui.synth.world import Person

if TYPE_CHECKING:
    from bidui.synth.statements.benefit import BenefitRow
    from bidui.synth.statements.register import RegisterRow

Member = TypeVar("Member", "RegisterRow", "BenefitRow")
HEAD, OTHER = "head", "other"
_SPOUSE = "spouse"
_LINEAR = ("son", "daughter", "son_in_law", "daughter_in_law", "grandson", "granddaughter")


def with_head(rows: list[Member], people: Sequence[Person]) -> list[Member]:
    """``rows`` of one household; where the head has gone, the spouse or else the oldest takes the place."""
    if not rows or any(row.relation == HEAD for row in rows):
        return rows
    heir = next((r for r in rows if r.relation == _SPOUSE), None) or min(rows, key=lambda r: people[r.person].birth)
    kept = _LINEAR if heir.relation == _SPOUSE else ()
    restated = [replace(r, relation=HEAD if r is heir else r.relation if r.relation in kept else OTHER) for r in rows]
    return sorted(restated, key=lambda r: r.relation != HEAD)
