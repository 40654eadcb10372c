"""What the roster of the insured says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from bidui.domain.period import Period
from bidui.synth.settings import Statement
from bidui.synth.statements.effect import Changes
from bidui.synth.world import NOBODY, Person, World


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

    @property
    def together(self) -> str:
        """Rows that are alike in this stand together in the file."""
        return ""


def rows(world: World, changes: Changes, index: int, period: Period, words: Statement) -> list[RosterRow]:
    """The roster of period ``index``."""
    made: list[RosterRow] = []
    for p in world.people:
        if p.since > index or changes.absent(p.key):
            continue
        plain = _enrolment(p, period, words)
        change = changes.fields.get(p.key)
        made.append(_changed(plain, change, period) if change else plain)
        made += [_changed(made[-1], second, period) for second in changes.also.get(p.key, ())]
    return made


def _enrolment(p: Person, period: Period, words: Statement) -> RosterRow:
    scheme = words.other_scheme if p.employee else words.scheme
    known = p.state and p.stop_date is not None and p.stop_date <= period.last_day
    if p.household is NOBODY and known and p.stop_date:
        state, reason, stopped, year = p.state, p.stop_reason, p.stop_date, p.stop_date.year
        return RosterRow(p.key, p.id_no, p.name, p.village, scheme, state, reason, stopped, year, p.aid)
    return RosterRow(p.key, p.id_no, p.name, p.village, scheme, words.insured, "", None, period.year, p.aid)


def _changed(row: RosterRow, change: dict[str, Any], period: Period) -> RosterRow:
    made = replace(row, **change)
    if "insured_year" in change:
        return made
    return replace(made, insured_year=made.stop_date.year if made.stop_date else period.year)
