"""What the two systems say about everybody in one period: the plain statement, changed by effects.

Plain: the register lists every member of every household under the true name and number; the roster has one
insured row of the person's scheme for everybody (ordinary people as they stand). All else is an Effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bidui.domain.period import Period
from bidui.synth.settings import Statement, System
from bidui.synth.world import NOBODY, Person, World

_HEAD, _SPOUSE, _OTHER = "head", "spouse", "other"
_LINEAR = ("son", "daughter", "son_in_law", "daughter_in_law", "grandson", "granddaughter")


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One person in one household, as the register writes them."""

    person: int
    household: str
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    relation: str
    skill: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One enrolment, as the roster writes it; not stopped: ``stop_reason`` is empty, ``stop_date`` None."""

    person: int
    id_no: str = field(repr=False)
    name: str = field(repr=False)
    village: str
    scheme: str
    state: str
    stop_reason: str
    stop_date: date | None
    insured_year: int
    aid: str


@dataclass(frozen=True)
class Effect:
    """From period ``start`` up to, and without, ``until``, one system says ``change`` about one person.

    ``change`` holds fields of the row that read differently, or ``absent: True``; ``also`` the fields by
    which a second row differs from the first.
    """

    system: System
    person: int
    start: int
    until: int | None
    change: dict[str, Any] = field(repr=False)
    also: dict[str, Any] | None = field(default=None, repr=False)

    def holds(self, index: int) -> bool:
        """Whether the effect holds in the period numbered ``index`` from 0."""
        return self.start <= index and (self.until is None or index < self.until)


def register_rows(world: World, effects: Iterable[Effect], index: int) -> list[RegisterRow]:
    """The register of period ``index``, by household; every household that is left has a head."""
    changes, also = _by_person(effects, "register", index)
    rows = []
    for household in world.households:
        said = []
        for p in household.members:
            change = changes.get(p.key, {})
            if p.since > index or change.get("absent"):
                continue
            plain = RegisterRow(p.key, household.number, p.id_no, p.name, p.village, p.relation, p.skill)
            said.append(replace(plain, **change) if change else plain)
        rows += _with_head(said, world.people)
    rows += [replace(row, **second) for row in rows for second in also.get(row.person, ())]
    return rows


def roster_rows(
    world: World, effects: Iterable[Effect], index: int, period: Period, words: Statement
) -> list[RosterRow]:
    """The roster of period ``index``."""
    changes, also = _by_person(effects, "roster", index)
    rows = []
    for p in world.people:
        if p.since > index:
            continue
        change = changes.get(p.key)
        if change and change.get("absent"):
            continue
        plain = _enrolment(p, period, words)
        rows.append(_changed(plain, change, period) if change else plain)
        rows += [_changed(rows[-1], second, period) for second in also.get(p.key, ())]
    return rows


def _enrolment(p: Person, period: Period, words: Statement) -> RosterRow:
    scheme = words.other_scheme if p.employee else words.scheme
    known = p.state and p.stop_date is not None and p.stop_date <= period.last_day
    if p.household is NOBODY and known and p.stop_date:
        return RosterRow(
            p.key,
            p.id_no,
            p.name,
            p.village,
            scheme,
            p.state,
            p.stop_reason,
            p.stop_date,
            p.stop_date.year,
            p.aid,
        )
    return RosterRow(p.key, p.id_no, p.name, p.village, scheme, words.insured, "", None, period.year, p.aid)


def _changed(row: RosterRow, change: dict[str, Any], period: Period) -> RosterRow:
    made = replace(row, **change)
    if "insured_year" in change:
        return made
    return replace(made, insured_year=made.stop_date.year if made.stop_date else period.year)


def _by_person(
    effects: Iterable[Effect], system: System, index: int
) -> tuple[dict[int, dict[str, Any]], dict[int, list[dict[str, Any]]]]:
    changes: dict[int, dict[str, Any]] = {}
    also: dict[int, list[dict[str, Any]]] = {}
    for effect in effects:
        if effect.system == system and effect.holds(index):
            if effect.change:
                changes.setdefault(effect.person, {}).update(effect.change)
            if effect.also:
                also.setdefault(effect.person, []).append(effect.also)
    return changes, also


def _with_head(rows: list[RegisterRow], people: Sequence[Person]) -> list[RegisterRow]:
    """``rows`` of one household; where the head has gone, the spouse or else the oldest takes the place."""
    if not rows or any(row.relation == _HEAD for row in rows):
        return rows
    heir = next((r for r in rows if r.relation == _SPOUSE), None) or min(rows, key=lambda r: people[r.person].birth)
    kept = _LINEAR if heir.relation == _SPOUSE else ()
    restated = [replace(r, relation=_HEAD if r is heir else r.relation if r.relation in kept else _OTHER) for r in rows]
    return sorted(restated, key=lambda r: r.relation != _HEAD)
