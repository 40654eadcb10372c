"""Who is free for an event: at most one standing event per household (``beside`` and ``again`` choose elsewhere)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass, field
from datetime import date

from bidui.synth.dice import Dice
from bidui.synth.kinds import Group
from bidui.synth.naming import Sameness
from bidui.synth.places import Regions
from bidui.synth.settings import Names, Settings
from bidui.synth.world import NOBODY, Household, Person, World


@dataclass
class Crowd:
    """The people of one world, and what they are busy with."""

    settings: Settings
    names: Names
    world: World
    sameness: Sameness
    places: Regions
    on: date
    """The day from which ages count."""
    _busy: dict[str, int | None] = field(default_factory=dict)
    """Household → index from which it is free again; None: never."""
    _busy_outside: set[int] = field(default_factory=set)

    def occupy(self, person: Person) -> None:
        """An ordinary person is free no more."""
        self._busy_outside.add(person.key)

    def keep(self, household: Household, until: int | None) -> None:
        """A household is free again from index ``until``."""
        self._busy[household.number] = until

    def free(self, index: int, dice: Dice, *, lasting: bool = False) -> Iterator[Household]:
        """Households with no standing event; none of a region that is quiet (for what lasts: that ever is)."""
        ever_quiet = {r for regions in self.settings.quiet.values() for r in regions} if lasting else set()
        for household in dice.shuffled(self.world.households):
            free_from = self._busy.get(household.number, 0)
            is_free = free_from is not None and free_from <= index
            if is_free and not self._lies_in(household, ever_quiet) and not self.is_quiet(household, index):
                yield household

    def is_quiet(self, household: Household, index: int) -> bool:
        """Whether nothing new happens where the household lives."""
        return self._lies_in(household, self.settings.quiet.get(index + 1, ()))

    def _lies_in(self, household: Household, regions: Collection[str]) -> bool:
        return bool(regions) and any(region.code in regions for region in self.places.around(household.village))

    def fitting(self, household: Household, group: Group, index: int, spared: Set[int] = frozenset()) -> list[Person]:
        """The members of a household whom an event may befall."""
        if len(household.members) < group.company or group.monitored not in (None, bool(household.category)):
            return []
        return [p for p in household.members if p.key not in spared and self._fits(p, group, index)]

    def outsiders(self, group: Group, dice: Dice, spared: Set[int] = frozenset()) -> Iterator[Person]:
        """Ordinary people, plainly insured, whom an event may befall."""
        words = self.settings.statement
        aid = words.paid if group.benefit else words.unaided
        for p in dice.shuffled(self.world.outsiders):
            is_plain = not (p.state or p.employee or p.key in self._busy_outside or p.key in spared)
            if is_plain and p.aid == aid and group.certificate in (None, bool(p.certificate)):
                yield p

    def _fits(self, p: Person, group: Group, index: int) -> bool:
        age = (self.on - p.birth).days // 365
        return (
            p.since <= index
            and not p.employee
            and group.ages[0] <= age <= group.ages[1]
            and group.sex in (None, p.sex)
            and group.able in (None, p.skill in self.settings.statement.able)
            and (not group.dotted or self.names.dotted.dot in p.name)
            and (not group.variant or self.sameness.has_variant(p.name))
            and len(p.name) >= group.characters
            and group.benefit in (None, bool(p.benefit))
            and group.certificate in (None, bool(p.certificate))
        )


def homes(persons: tuple[Person, ...]) -> dict[str, Household]:
    """The registered households of ``persons``, by number."""
    return {p.household.number: p.household for p in persons if p.household is not NOBODY}
