"""Planting: what happens to whom, when, in which system it shows and for how long.

At most one standing event per household (``beside`` and ``again`` say otherwise on purpose), so that truth is
unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bidui.domain.period import Period
from bidui.synth.dice import Dice
from bidui.synth.id_number import slip
from bidui.synth.lists import Regions
from bidui.synth.naming import Namer, Sameness
from bidui.synth.settings import EventKind, Group, Names, Said, Settings, SynthError, System
from bidui.synth.statements import Effect
from bidui.synth.world import NOBODY, Household, Maker, Person, World


@dataclass
class Event:
    """One planted event. ``until`` is the index of the period that puts it right, None where it stays."""

    kind: str
    index: int
    persons: tuple[Person, ...]
    households: tuple[Household, ...]
    date: date | None = None
    until: int | None = None
    boundary: tuple[str, int, int] | None = None
    """Which boundary, its threshold, the distance from it."""
    effects: list[Effect] = field(default_factory=list)


@dataclass
class Planter:
    """Plants events into one world."""

    settings: Settings
    names: Names
    world: World
    maker: Maker
    namer: Namer
    sameness: Sameness
    places: Regions
    seed: int
    scale: float
    events: list[Event] = field(default_factory=list)
    _busy: dict[str, int | None] = field(default_factory=dict)
    """Household → index from which it is free again; None: never."""
    _busy_outside: set[int] = field(default_factory=set)

    def plant(self, index: int, period: Period) -> None:
        """All events of the period numbered ``index`` from 0.

        Raises SynthError("too_few_candidates") where the world is too small for them; kinds that need an
        earlier event (``beside``, ``again``) are planted as far as one stands.
        """
        for kind in self.settings.events:
            wanted = self.amount(kind.first if index == 0 else kind.later)
            dice = Dice(self.seed, f"{kind.kind} {index}")
            for offset in kind.offsets if kind.boundary else (None,):
                planted, start = 0, dice.fraction()
                for persons in self._candidates(kind, offset, index, period, dice) if wanted else ():
                    is_mended = int(start + (planted + 1) * kind.mended) > int(start + planted * kind.mended)
                    self._happen(kind, persons, offset, index, period, dice, is_mended=is_mended)
                    planted += 1
                    if planted == wanted:
                        break
                if planted < wanted and not (kind.again or kind.beside):
                    raise SynthError("too_few_candidates", kind=kind.kind, wanted=wanted, found=planted)

    def effects(self) -> list[Effect]:
        """The effects of all events, in the order in which they were planted."""
        return [effect for event in self.events for effect in event.effects]

    def amount(self, at_scale_1: int) -> int:
        """A count at this scale; what is wanted at all is there at least once."""
        return max(1, round(at_scale_1 * self.scale)) if at_scale_1 else 0

    def free_members(self, index: int, dice: Dice) -> Iterator[Person]:
        """Plain insured members of households with no standing event, one a household."""
        for household in self._free(index, dice):
            if members := self._fitting(household, Group(), index):
                yield dice.pick(members)

    def effect(
        self,
        said: Said,
        system: System,
        person: Person,
        on: date | None,
        year: int,
        start: int,
        until: int | None,
        dice: Dice,
        second: Household | None = None,
    ) -> Effect:
        """What ``said`` means for one person."""
        change: dict[str, Any] = {k: v for k in ("state", "stop_reason", "aid") if (v := getattr(said, k)) is not None}
        if said.absent:
            change["absent"] = True
        if said.dated:
            change["stop_date"] = on
        if said.insured_year is not None:
            change["insured_year"] = year + said.insured_year
        if said.name:
            change["name"] = self.namer.slip(person.name, said.name, dice)
        if said.id_no:
            change["id_no"] = slip(person.id_no, said.id_no, dice)
        if said.village:
            change["village"] = self._other_village(person.village, dice)
        return Effect(system, person.key, start, until, change, self._also(said, second))

    def _also(self, said: Said, second: Household | None) -> dict[str, Any] | None:
        words = self.settings.statement
        if said.also == "second_household" and second:
            return {"household": second.number, "village": second.village, "relation": "other"}
        if said.also == "other_scheme":
            return {
                "scheme": words.other_scheme,
                "state": words.insured,
                "stop_reason": "",
                "stop_date": None,
                "aid": words.unaided,
            }
        return None

    def _candidates(
        self, kind: EventKind, offset: int | None, index: int, period: Period, dice: Dice
    ) -> Iterator[tuple[Person, ...]]:
        group = self.settings.groups[kind.who]
        if group.outside:
            yield from ((p,) for p in dice.shuffled(self.world.outsiders) if self._is_plain_outsider(p))
        elif kind.again or kind.beside:
            yield from self._related(kind, group, index, dice)
        else:
            for household in self._free(index, dice, born=group.born):
                if group.born:
                    if len(household.members) >= group.company:
                        yield (self.maker.newborn(household, self._date(kind, offset, period, dice), index),)
                    continue
                members = self._fitting(household, group, index)
                if len(members) >= kind.persons and self._leaves(kind, offset, household):
                    yield tuple(dice.shuffled(members)[: kind.persons])

    def _related(self, kind: EventKind, group: Group, index: int, dice: Dice) -> Iterator[tuple[Person, ...]]:
        """The person of an earlier event that still stands (``again``), or another of that household."""
        lately = {h.number for e in self.events if e.index == index for h in e.households}
        earlier = [
            e
            for e in self.events
            if e.kind == (kind.again or kind.beside)
            and e.index < index
            and e.until is None
            and e.households[0].number not in lately
            and not self._quiet(e.households[0], index)
        ]
        touched = {p.key for e in self.events for p in e.persons}
        used: set[str] = set()
        for event in dice.shuffled(earlier):
            household = event.households[0]
            if household.number in used:
                continue
            used.add(household.number)
            if kind.again:
                event.until = index
                event.effects = [_ended(e, index) for e in event.effects]
                yield event.persons[:1]
            elif others := [p for p in self._fitting(household, group, index) if p.key not in touched]:
                yield (dice.pick(others),)

    def _happen(
        self,
        kind: EventKind,
        persons: tuple[Person, ...],
        offset: int | None,
        index: int,
        period: Period,
        dice: Dice,
        *,
        is_mended: bool,
    ) -> None:
        born = self.settings.groups[kind.who].born
        on = None
        if born:
            on = persons[0].birth
        elif kind.days or kind.boundary == "death_days":
            on = self._date(kind, offset, period, dice)
        until = index + 1 if is_mended else None
        homes = {p.household.number: p.household for p in persons if p.household is not NOBODY}
        second = None
        if any(said.also == "second_household" for said in kind.says.values()):
            second = next((h for h in self._free(index, dice) if h.number not in homes), None)
            if second is None:
                raise SynthError("too_few_candidates", kind=kind.kind)
            homes[second.number] = second
        boundary = (
            (kind.boundary, getattr(self.settings.boundaries, kind.boundary), offset or 0) if kind.boundary else None
        )
        event = Event(kind.kind, index, persons, tuple(homes.values()), on, until, boundary)
        for person in persons:
            event.effects += [
                self.effect(said, system, person, on, period.year, index, until, dice, second)
                for system, said in kind.says.items()
            ]
            if kind.next and dice.chance(kind.next.share):
                event.effects += [
                    self.effect(said, system, person, on, period.year, index + 1, None, dice)
                    for system, said in kind.next.says.items()
                ]
        self.events.append(event)
        self._busy_outside |= {p.key for p in persons if p.household is NOBODY}
        for number in homes:
            self._busy[number] = None if kind.next or until is None else until

    def _date(self, kind: EventKind, offset: int | None, period: Period, dice: Dice) -> date:
        """The event's date: on its boundary, or within ``days``, and known by the data date."""
        if kind.boundary in ("death_days", "newborn_days"):
            days = getattr(self.settings.boundaries, kind.boundary) + (offset or 0)
        else:
            days = self.days_before(kind.days or (1, 1), period, dice)
        return period.last_day - timedelta(days=days)

    def days_before(self, days: tuple[int, int], period: Period, dice: Dice) -> int:
        """A number of days before the last day, not after the data date."""
        low = max(days[0], period.last_day.day - self.settings.data_day)
        return dice.between(low, max(low, days[1]))

    def _free(self, index: int, dice: Dice, *, born: bool = False) -> Iterator[Household]:
        ever_quiet = {t for towns in self.settings.quiet_towns.values() for t in towns} if born else set()
        for household in dice.shuffled(self.world.households):
            free_from = self._busy.get(household.number, 0)
            is_free = free_from is not None and free_from <= index
            town = self.places.villages[household.village].parent
            if is_free and town not in ever_quiet and not self._quiet(household, index):
                yield household

    def _quiet(self, household: Household, index: int) -> bool:
        return self.places.villages[household.village].parent in self.settings.quiet_towns.get(index + 1, ())

    def _fitting(self, household: Household, group: Group, index: int) -> list[Person]:
        if len(household.members) < group.company:
            return []
        return [p for p in household.members if self._fits(p, group, index)]

    def _fits(self, p: Person, group: Group, index: int) -> bool:
        words = self.settings.statement
        age = (self.maker.on - p.birth).days // 365
        return (
            p.since <= index
            and not p.employee
            and group.ages[0] <= age <= group.ages[1]
            and group.sex in (None, p.sex)
            and group.able in (None, p.skill in words.able)
            and (not group.dotted or self.names.dotted.dot in p.name)
            and (not group.variant or self.sameness.has_variant(p.name))
            and len(p.name) >= group.characters
        )

    def _leaves(self, kind: EventKind, offset: int | None, household: Household) -> bool:
        """For a death that leaves so many able members: whether this household would be left so."""
        if kind.boundary != "able_left":
            return True
        able = sum(p.skill in self.settings.statement.able for p in household.members)
        left = self.settings.boundaries.able_left + (offset or 0)
        return able == left + 1 and len(household.members) > able

    def _is_plain_outsider(self, p: Person) -> bool:
        return not (p.state or p.employee or p.key in self._busy_outside) and p.aid == self.settings.statement.unaided

    def _other_village(self, village: str, dice: Dice) -> str:
        villages = self.places.villages
        return dice.pick([v.code for v in villages.values() if v.name != villages[village].name])


def _ended(effect: Effect, index: int) -> Effect:
    return Effect(effect.system, effect.person, effect.start, index, effect.change, effect.also)
