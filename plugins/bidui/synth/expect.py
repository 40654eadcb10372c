"""Truth's own evaluation: what a comparison of two statements should find.

Plain Python over the rows that the two systems state, person by person. It knows neither the events that were
planted nor the rules of the product; the thresholds and words come from truth's settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from bidui.domain.period import Period
from bidui.synth.id_number import birth_date, is_near, is_valid
from bidui.synth.naming import Sameness
from bidui.synth.settings import Boundaries, Statement
from bidui.synth.statements import RegisterRow, RosterRow

BOTH = ("register", "roster")
TWICE = ("register", "register")
ROSTER = ("roster",)


class Line(NamedTuple):
    """One thing to be found. ``occurrence`` and ``household`` are filled for signals."""

    kind: str
    subject_type: str
    subject: str
    field: str
    systems: tuple[str, ...]
    occurrence: str = ""
    household: str = ""


@dataclass(frozen=True)
class Lead:
    """A household with a signal that no earlier lead held; ``signals`` are the new ones."""

    household: str
    signals: tuple[Line, ...]


@dataclass(frozen=True)
class Judge:
    """Evaluates one period after another."""

    words: Statement
    boundaries: Boundaries
    sameness: Sameness
    _led: set[tuple[str, str, str]] = field(default_factory=set, repr=False)

    def lines(self, register: Sequence[RegisterRow], roster: Sequence[RosterRow], period: Period) -> list[Line]:
        """Findings, signals and unknowns of one period, each once."""
        listed: dict[str, list[RegisterRow]] = defaultdict(list)
        enrolled: dict[str, list[RosterRow]] = defaultdict(list)
        for member in register:
            if is_valid(member.id_no):
                listed[member.id_no].append(member)
        for row in roster:
            if is_valid(row.id_no):
                enrolled[row.id_no].append(row)
        loose_register = self._loose(r for r in register if r.id_no not in listed)
        loose_roster = self._loose(r for r in roster if r.id_no not in enrolled)
        found: list[Line] = []
        for number, members in listed.items():
            rows = enrolled.get(number, [])
            found += self._compared(number, members, rows, period.last_day)
            found += self._absent(members[0], rows, loose_roster, period)
        for number, rows in enrolled.items():
            if number not in listed and any(r.state == self.words.insured and r.aid in self.words.aided for r in rows):
                found.append(self._or_unknown("missing_here", "person", number, BOTH, rows[0], loose_register))
        return found + self._supporters(listed, enrolled, period.last_day)

    def leads(self, lines: Iterable[Line]) -> list[Lead]:
        """Households of this period's signals that no lead of an earlier call held."""
        fresh: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            key = (line.kind, line.subject, line.occurrence)
            if line.household and key not in self._led:
                self._led.add(key)
                fresh[line.household].append(line)
        return [Lead(household, tuple(signals)) for household, signals in sorted(fresh.items())]

    def _compared(
        self, number: str, members: Sequence[RegisterRow], rows: Sequence[RosterRow], last_day: date
    ) -> list[Line]:
        found = []
        names = {self.sameness.fold(m.name) for m in members}
        if any(self.sameness.fold(r.name) not in names or len(names) > 1 for r in rows):
            found.append(Line("name_conflict", "person", number, "name", BOTH))
        deaths = [r.stop_date for r in rows if r.stop_reason == self.words.died and r.stop_date]
        if any((last_day - died).days >= self.boundaries.death_days for died in deaths):
            found.append(Line("death_not_removed", "person", number, "alive", BOTH))
        if len({m.household for m in members}) > 1:
            found.append(Line("duplicate", "person", number, "household", TWICE))
        return found

    def _absent(
        self,
        member: RegisterRow,
        rows: Sequence[RosterRow],
        loose: dict[tuple[str, str], list[str]],
        period: Period,
    ) -> list[Line]:
        found = []
        if not rows:
            found.append(self._or_unknown("missing_there", "person", member.id_no, BOTH, member, loose))
        insured = any(r.state == self.words.insured for r in rows)
        exempt = any(r.stop_reason in self.words.exempt for r in rows)
        is_newborn = (period.last_day - birth_date(member.id_no)).days < self.boundaries.newborn_days
        if not (insured or exempt or is_newborn):
            line = self._or_unknown("uninsured", "", member.id_no, ROSTER, member, loose)
            if line.kind == "uninsured":
                line = line._replace(occurrence=_occurrence(rows, period), household=member.household)
            found.append(line)
        return found

    def _or_unknown(
        self,
        kind: str,
        about: str,
        number: str,
        systems: tuple[str, ...],
        row: RegisterRow | RosterRow,
        loose: dict[tuple[str, str], list[str]],
    ) -> Line:
        """The absence, or ``unknown`` where an unresolved row on the other side could be this person's."""
        candidates = loose.get((self.sameness.fold(row.name), row.village), [])
        if any(is_near(number, other, self.boundaries.id_digits) for other in candidates):
            return Line("unknown", "person", number, kind, systems)
        return Line(kind, "person", number, about, systems)

    def _loose(self, rows: Iterable[RegisterRow | RosterRow]) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in rows:
            found[self.sameness.fold(row.name), row.village].append(row.id_no)
        return found

    def _supporters(
        self, listed: dict[str, list[RegisterRow]], enrolled: dict[str, list[RosterRow]], last_day: date
    ) -> list[Line]:
        households: dict[str, list[RegisterRow]] = defaultdict(list)
        for members in listed.values():
            for member in members:
                households[member.household].append(member)
        found = []
        for number, members in households.items():
            died = {
                m.id_no: max(dates)
                for m in members
                if (
                    dates := [
                        r.stop_date
                        for r in enrolled.get(m.id_no, ())
                        if r.stop_reason == self.words.died and r.stop_date and r.stop_date <= last_day
                    ]
                )
            }
            able = [m for m in members if m.skill in self.words.able]
            lost = [died[m.id_no] for m in able if m.id_no in died]
            if lost and len(died) < len(members) and len(able) - len(lost) <= self.boundaries.able_left:
                found.append(Line("lost_supporter", "household", number, "", ROSTER, max(lost).isoformat(), number))
        return found


def _occurrence(rows: Sequence[RosterRow], period: Period) -> str:
    """Since when somebody is uninsured: the stop date, else the last insured year, else the period's."""
    for row in rows:
        if row.stop_date:
            return row.stop_date.isoformat()
    return str(rows[0].insured_year if rows else period.year)
