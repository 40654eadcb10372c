"""Planting: what happens to whom, when, in which system it shows and for how long.

At most one standing event per household (``beside`` and ``again`` say otherwise on purpose), so that truth is
unambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bidui.domain.period import Period
from bidui.synth.crowd import Crowd, homes
from bidui.synth.dice import Dice
from bidui.synth.effects import Teller
from bidui.synth.giving import Giver, fen
from bidui.synth.kinds import TO_FIRST_DAY, TO_LAST_DAY, EventKind, Group
from bidui.synth.settings import Settings
from bidui.synth.source import SynthError
from bidui.synth.statements import Effect
from bidui.synth.world import NOBODY, Household, Maker, Person

_FEN = 100
_ELSEWHERE = ("second_household", "second_benefit")


@dataclass
class Event:
    """One planted event. ``until`` is the index of the period in which it is put right or over; None: it stays."""

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
    crowd: Crowd
    maker: Maker
    giver: Giver
    teller: Teller
    seed: int
    scale: float
    events: list[Event] = field(default_factory=list)
    _billed: set[int] = field(default_factory=set)
    """Persons with costs of an event: no second one may add to them."""

    def plant(self, index: int, period: Period) -> None:
        """All events of the period numbered ``index`` from 0.

        Raises SynthError("too_few_candidates") where the world is too small for them; kinds that need an
        earlier event (``beside``, ``again``) are planted as far as one stands.
        """
        for kind in self.settings.events:
            wanted = self._wanted(kind, index)
            dice = Dice(self.seed, f"{kind.kind} {index}")
            for offset in kind.offsets if kind.boundary else (None,):
                planted, start = 0, dice.fraction()
                for persons in self._candidates(kind, offset, index, period, dice) if wanted else ():
                    is_mended = int(start + (planted + 1) * kind.mended) > int(start + planted * kind.mended)
                    until = index + 1 if is_mended or kind.over else None
                    self._happen(kind, persons, offset, index, period, dice, until)
                    planted += 1
                    if planted == wanted:
                        break
                if planted < wanted and not (kind.again or kind.beside):
                    raise SynthError("too_few_candidates", kind=kind.kind, wanted=wanted, found=planted)

    def effects(self) -> list[Effect]:
        """The effects of all events, in the order in which they were planted."""
        return [effect for event in self.events for effect in event.effects]

    def befallen(self) -> Set[int]:
        """Everybody of whom some event speaks."""
        return {p.key for event in self.events for p in event.persons}

    def amount(self, at_scale_1: int) -> int:
        """A count at this scale; what is wanted at all is there at least once."""
        return max(1, round(at_scale_1 * self.scale)) if at_scale_1 else 0

    def free_members(self, index: int, dice: Dice) -> Iterator[Person]:
        """Plain insured members of households with no standing event, one a household."""
        for household in self.crowd.free(index, dice):
            if members := self.crowd.fitting(household, Group(), index):
                yield dice.pick(members)

    def days_before(self, days: tuple[int, int], period: Period, dice: Dice) -> int:
        """A number of days before the last day, not after the data date."""
        low = max(days[0], period.last_day.day - self.settings.data_day)
        return dice.between(low, max(low, days[1]))

    def _wanted(self, kind: EventKind, index: int) -> int:
        """How many in this period: at least one when the kind is first wanted, then in proportion over the periods."""
        if index == 0:
            return self.amount(kind.first)
        if index == 1 and not kind.first:
            return self.amount(kind.later)
        start, rate = Dice(self.seed, f"{kind.kind} later").fraction(), kind.later * self.scale
        return int(start + rate * index) - int(start + rate * (index - 1))

    # -- to whom

    def _candidates(
        self, kind: EventKind, offset: int | None, index: int, period: Period, dice: Dice
    ) -> Iterator[tuple[Person, ...]]:
        group, crowd = self.settings.groups[kind.who], self.crowd
        spared = self._billed if kind.cost else frozenset()
        if group.outside:
            yield from ((p,) for p in crowd.outsiders(group, dice, spared))
        elif kind.again or kind.beside:
            yield from self._related(kind, group, index, dice)
        else:
            lasting = group.born or bool(kind.cost and kind.cost.months > 1)
            for household in crowd.free(index, dice, lasting=lasting):
                if group.born:
                    if len(household.members) >= group.company:
                        yield (self.maker.newborn(household, self._date(kind, offset, period, dice), index),)
                    continue
                members = crowd.fitting(household, group, index, spared)
                wanted = len(members) if kind.persons == "all" else kind.persons
                if members and len(members) >= wanted and self._leaves(kind, offset, household):
                    yield tuple(dice.shuffled(members)[:wanted])

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
            and not self.crowd.is_quiet(e.households[0], index)
        ]
        touched = self.befallen()
        used: set[str] = set()
        for event in dice.shuffled(earlier):
            household = event.households[0]
            if household.number in used:
                continue
            used.add(household.number)
            if kind.again:
                event.until = index
                event.effects = [replace(e, until=index) for e in event.effects]
                yield event.persons[:1]
            elif others := [p for p in self.crowd.fitting(household, group, index) if p.key not in touched]:
                yield (dice.pick(others),)

    def _leaves(self, kind: EventKind, offset: int | None, household: Household) -> bool:
        """For a death that leaves so many able members: whether this household would be left so."""
        if kind.boundary != "able_left":
            return True
        able = sum(p.skill in self.settings.statement.able for p in household.members)
        left = self.settings.boundaries.able_left + (offset or 0)
        return able == left + 1 and len(household.members) > able

    def _second(self, kind: EventKind, index: int, dice: Dice, own: Set[str]) -> Household | None:
        """Another household, where some system states the person there, too."""
        also = {said.also for said in kind.says.values()}
        if not also & {*_ELSEWHERE}:
            return None
        paid = "second_benefit" in also
        for household in self.crowd.free(index, dice):
            if household.number not in own and (household.members[0].benefit or not paid):
                return household
        raise SynthError("too_few_candidates", kind=kind.kind)

    # -- what, and when

    def _happen(
        self,
        kind: EventKind,
        persons: tuple[Person, ...],
        offset: int | None,
        index: int,
        period: Period,
        dice: Dice,
        until: int | None,
    ) -> None:
        is_born = self.settings.groups[kind.who].born
        on = persons[0].birth if is_born else self._date(kind, offset, period, dice) if kind.has_date else None
        households = homes(persons)
        second = self._second(kind, index, dice, households.keys())
        if second:
            households[second.number] = second
        limits = self.settings.boundaries
        boundary = (kind.boundary, getattr(limits, kind.boundary), offset or 0) if kind.boundary else None
        event = Event(kind.kind, index, persons, tuple(households.values()), on, until, boundary)
        self._give(kind, persons, on, offset or 0, index, period, dice)
        for person in persons:
            event.effects += [
                self.teller.effect(said, system, person, on, period.year, index, until, dice, second)
                for system, said in kind.says.items()
            ]
            if kind.next and dice.chance(kind.next.share):
                event.effects += [
                    self.teller.effect(said, system, person, on, period.year, index + 1, None, dice)
                    for system, said in kind.next.says.items()
                ]
        self.events.append(event)
        for person in persons:
            if person.household is NOBODY:
                self.crowd.occupy(person)
        for household in households.values():
            self.crowd.keep(household, None if kind.next else until)

    def _give(
        self,
        kind: EventKind,
        persons: tuple[Person, ...],
        on: date | None,
        offset: int,
        index: int,
        period: Period,
        dice: Dice,
    ) -> None:
        """What truly begins: a benefit, a certificate, costs."""
        if kind.benefit and on:
            self.giver.benefit(persons, on, index, dice)
        for person in persons:
            if kind.certificate and on:
                self.giver.certificate(person, kind.certificate, on, index, dice)
            if kind.cost:
                self._billed.add(person.key)
                for month in range(kind.cost.months):
                    self._bill(kind, person, offset, index + month, period.shift(month), dice)

    def _bill(self, kind: EventKind, person: Person, offset: int, index: int, period: Period, dice: Dice) -> None:
        """One month's bills; at a boundary of money, ``offset`` is in fen."""
        cost, limits = kind.cost, self.settings.boundaries
        assert cost is not None
        own = [fen(cost.own, dice) for _ in range(cost.settlements)]
        if kind.boundary == "month_cost":
            own[-1] = limits.month_cost * _FEN + offset - sum(own[:-1])
        late = fen(cost.before, dice) if cost.before else 0
        if kind.boundary == "year_cost":
            late = limits.year_cost * _FEN + offset - sum(own)
        off = fen(cost.off, dice) if cost.off else 0
        if kind.boundary == "parts_off":
            off = limits.parts_off * _FEN + offset
        for amount in own:
            self.giver.settle(person, index, period, amount, dice, off=off)
        if late:
            self.giver.settle(person, index, period, late, dice, before=True)

    def _date(self, kind: EventKind, offset: int | None, period: Period, dice: Dice) -> date:
        """The event's date: on its boundary, or within ``days``, and known by the data date."""
        if kind.boundary in TO_LAST_DAY | TO_FIRST_DAY:
            days = getattr(self.settings.boundaries, kind.boundary) + (offset or 0)
            return (period.last_day if kind.boundary in TO_LAST_DAY else period.first_day) - timedelta(days=days)
        return period.last_day - timedelta(days=self.days_before(kind.days or (1, 1), period, dice))
