"""Making facts: benefits, certificates and bills, those from the start and those that events bring."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from datetime import date, timedelta
from decimal import Decimal

from bidui.domain.period import Period
from bidui.synth.dice import Dice
from bidui.synth.facts import Benefit, Certificate, Settlement
from bidui.synth.kinds import Issued
from bidui.synth.places import Regions
from bidui.synth.settings import Settings
from bidui.synth.statements.household import HEAD
from bidui.synth.world import NOBODY, Household, Person, World

_FEN = 100


class Giver:
    """Gives people of one world what is true of them."""

    def __init__(self, settings: Settings, world: World, places: Regions, seed: int, scale: float) -> None:
        self._settings = settings
        self._world = world
        self._places = places
        self._seed = seed
        self._scale = scale
        self._numbers: Counter[Period] = Counter()

    # -- from the start

    def start(self, on: date) -> None:
        """Benefits and certificates that are old news on ``on``, the first period's last day."""
        self._first_benefits(on, Dice(self._seed, "benefits"))
        self._first_certificates(on, Dice(self._seed, "certificates"))

    def _first_benefits(self, on: date, dice: Dice) -> None:
        of_town: dict[str, list[Household]] = defaultdict(list)
        for household in self._world.households:
            of_town[self._places.town(household.village).code].append(household)
        ours = self._settings.benefits
        for _, households in sorted(of_town.items()):
            for household in dice.shuffled(households)[: max(1, round(ours.share * len(households)))]:
                self.benefit(household.members, _ago(on, ours.days, dice), 0, dice)
        for person in self._world.outsiders:
            if person.aid == self._settings.statement.paid:
                self.benefit([person], _ago(on, ours.days, dice), 0, dice)

    def _first_certificates(self, on: date, dice: Dice) -> None:
        ours = self._settings.certificates
        any_level = Issued(levels=tuple(ours.levels))
        for person in self._world.people:
            if person.health == ours.health and (person.household is not NOBODY or dice.chance(ours.outsiders)):
                self.certificate(person, any_level, _ago(on, ours.days, dice), 0, dice)

    # -- one by one

    def benefit(self, persons: Sequence[Person], started_on: date, since: int, dice: Dice) -> None:
        """A benefit for ``persons`` of one household, its head first."""
        ours = self._settings.benefits
        made = Benefit(
            number=f"{ours.prefix}{len(self._world.benefits) + 1:06d}",
            village=persons[0].village,
            aid_type=dice.weighted(ours.types),
            amount=len(persons) * dice.between(*ours.a_person),
            started_on=started_on,
            since=since,
            members=sorted(persons, key=lambda p: (p.relation != HEAD, p.key)),
        )
        self._world.benefits.append(made)
        for person in persons:
            person.benefit = made

    def certificate(self, person: Person, issued: Issued, on: date, since: int, dice: Dice) -> None:
        """A certificate for ``person``."""
        ours = self._settings.certificates
        categories = {c: share for c, share in ours.categories.items() if c in (issued.categories or ours.categories)}
        levels = {level: ours.levels[level] for level in issued.levels}
        person.certificate = Certificate(dice.weighted(categories), dice.weighted(levels), on, since)

    def settle(
        self, person: Person, index: int, period: Period, own: int, dice: Dice, *, off: int = 0, before: bool = False
    ) -> None:
        """A bill of which ``own`` fen are left to pay and whose parts miss the total by ``off`` fen.

        It stands in the file of ``period``; settled by the data date, or (``before``) late in the month before.
        """
        ours = self._settings.costs
        last = self._settings.data_day
        day = period.first_day.replace(day=dice.between(1, last))
        if before:
            day = period.shift(-1).last_day - timedelta(days=dice.between(0, 27 - last))
        low, high = ours.own_share
        others = round(own / (low + (high - low) * dice.fraction())) - own
        serious = round(others * 0.3 * dice.fraction()) if dice.chance(0.4) else None
        aid = round(others * 0.2 * dice.fraction()) if dice.chance(0.25) else None
        wrong = off if others < off or dice.chance(0.5) else -off
        self._numbers[period] += 1
        self._world.settlements.append(
            Settlement(
                number=f"{ours.prefix}{period.year}{period.first_month:02d}{self._numbers[period]:06d}",
                person=person.key,
                index=index,
                visit_type=ours.heavy if own > ours.own[1] * _FEN else dice.weighted(ours.visit_types),
                settled_on=day,
                total=_yuan(own + others + wrong),
                basic_paid=_yuan(others - (serious or 0) - (aid or 0)),
                serious_paid=None if serious is None else _yuan(serious),
                aid_paid=None if aid is None else _yuan(aid),
                own_paid=_yuan(own),
                own_compliant=_yuan(round(own * (0.7 + 0.3 * dice.fraction()))),
            )
        )

    def ordinary_costs(self, index: int, period: Period, befallen: Set[int]) -> None:
        """The month's bills of people to whom nothing else happens, at most one each."""
        ours, dice = self._settings.costs, Dice(self._seed, f"costs {period}")
        members = [p for h in self._world.households for p in h.members if p.since <= index]
        plain = [p for p in self._world.outsiders if not p.state]
        for people, wanted in ((members, ours.a_month.members), (plain, ours.a_month.outsiders)):
            calm = [p for p in people if p.key not in befallen]
            for person in dice.shuffled(calm)[: max(1, round(wanted * self._scale))]:
                off = dice.between(1, _FEN - 1) if dice.chance(ours.rounded) else 0
                self.settle(person, index, period, fen(ours.own, dice), dice, off=off, before=dice.chance(ours.before))


def fen(yuan: tuple[int, int], dice: Dice) -> int:
    """An amount from a range, in fen."""
    return dice.between(yuan[0] * _FEN, yuan[1] * _FEN)


def _yuan(amount: int) -> Decimal:
    return Decimal(amount) / _FEN


def _ago(on: date, days: tuple[int, int], dice: Dice) -> date:
    return on - timedelta(days=dice.between(*days))
