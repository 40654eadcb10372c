"""The people of the synthetic hub before anything happens: households, their members, ordinary people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from bidui.synth.dice import Dice
from bidui.synth.facts import Benefit, Certificate, Settlement
from bidui.synth.id_number import Mint
from bidui.synth.naming import Namer
from bidui.synth.places import Regions
from bidui.synth.settings import Composition, Names, Settings
from bidui.synth.source import SynthError

_SEX = {
    "father": "male",
    "son": "male",
    "son_in_law": "male",
    "grandson": "male",
    "mother": "female",
    "daughter": "female",
    "daughter_in_law": "female",
    "granddaughter": "female",
}
_BY_SEX = {
    "child": {"male": "son", "female": "daughter"},
    "grandchild": {"male": "grandson", "female": "granddaughter"},
}


@dataclass(slots=True)
class Household:
    """One household of the register; ``category`` is empty where it is not monitored."""

    number: str = ""
    village: str = ""
    category: str = ""
    salt: int = 0
    members: list[Person] = field(default_factory=list, repr=False)


NOBODY = Household()


@dataclass(slots=True)
class Person:
    """One synthetic person as truth knows them. ``household`` is NOBODY for ordinary people.

    ``since`` is the index of the period from which the person is there (0: from the start); ``state``,
    ``stop_reason`` and ``stop_date`` are how an ordinary person's insurance stands, empty where insured.
    """

    key: int
    id_no: str
    name: str = field(repr=False)
    sex: str
    birth: date
    village: str
    household: Household = field(repr=False)
    relation: str
    skill: str
    health: str
    stage: str
    ethnic: str
    employee: bool
    aid: str
    salt: int
    since: int = 0
    state: str = ""
    stop_reason: str = ""
    stop_date: date | None = None
    benefit: Benefit | None = field(default=None, repr=False)
    certificate: Certificate | None = field(default=None, repr=False)

    @property
    def number(self) -> str:
        """The person's serial number in the register."""
        return f"99{self.key:010d}"


@dataclass
class World:
    """Everybody. ``people`` is indexed by ``Person.key``."""

    households: list[Household]
    people: list[Person]
    outsiders: list[Person]
    benefits: list[Benefit] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)


class Maker:
    """Makes households and people one by one."""

    def __init__(self, settings: Settings, names: Names, namer: Namer, places: Regions, on: date, dice: Dice) -> None:
        self._settings = settings
        self._names = names
        self._namer = namer
        self._places = places
        self._villages = sorted(village.code for village in places.villages)
        self._mint = Mint()
        self.on = on
        self._dice = dice
        self.people: list[Person] = []

    def world(self, scale: float) -> World:
        """Households, members and ordinary people at ``scale``."""
        wanted = self._settings.population
        makeups = self._compositions(round(wanted.households * scale), round(wanted.persons * scale))
        households = [self._household(makeup, at) for at, makeup in enumerate(makeups)]
        outsiders = [self._outsider() for _ in range(round(wanted.outsiders * scale))]
        return World(households, self.people, outsiders)

    def person(
        self,
        household: Household,
        village: str,
        birth: date,
        sex: str,
        relation: str,
        name: str,
        ethnic: str,
        since: int = 0,
    ) -> Person:
        """A new person, added to ``people``."""
        settings, dice = self._settings, self._dice
        age = max(0, (self.on - birth).days // 365)
        skill = dice.weighted(next(b.of for b in settings.skills if age <= b.to))
        able = skill in settings.statement.able
        employee = able and dice.chance(settings.employee_share)
        aid = settings.statement.unaided if household is NOBODY or employee else settings.aid_of[household.category]
        made = Person(
            key=len(self.people),
            id_no=self._mint.number(self._places.county(village).code, birth, sex, dice),
            name=name,
            sex=sex,
            birth=birth,
            village=village,
            household=household,
            relation=relation,
            skill=skill,
            health=dice.weighted(settings.health),
            stage=next(s.name for s in settings.stages if age <= s.to),
            ethnic=ethnic,
            employee=employee,
            aid=aid,
            salt=dice.below(1 << 32),
            since=since,
        )
        self.people.append(made)
        if household is not NOBODY:
            household.members.append(made)
        return made

    def newborn(self, household: Household, birth: date, since: int) -> Person:
        """A child born into ``household``, whose head gives the surname."""
        head = household.members[0]
        sex = self._sex()
        if self._names.dotted.dot in head.name:
            name = self._namer.dotted(sex, self._dice)
        else:
            length = 2 if head.name[:2] in self._names.surnames.compound else 1
            name = self._namer.name(head.name[:length], sex, self._dice)
        generation = "grandchild" if birth.year - head.birth.year > 45 else "child"
        return self.person(household, household.village, birth, sex, _BY_SEX[generation][sex], name, head.ethnic, since)

    def _compositions(self, households: int, persons: int) -> list[Composition]:
        choices = self._settings.compositions
        shares = {at: c.share for at, c in enumerate(choices)}
        made = [choices[self._dice.weighted(shares)] for _ in range(households)]
        excess = sum(len(c.members) + 1 for c in made) - persons
        for _ in range(200 * (households + 1)):
            if excess == 0:
                return made
            at, other = self._dice.below(households), choices[self._dice.weighted(shares)]
            change = len(other.members) - len(made[at].members)
            if abs(excess + change) < abs(excess):
                made[at], excess = other, excess + change
        raise SynthError("population_out_of_reach", households=households, persons=persons)

    def _household(self, makeup: Composition, at: int) -> Household:
        dice, settings = self._dice, self._settings
        place = dice.below(len(self._villages))
        household = Household(
            number=f"{settings.household_prefix}{place + 1:03d}{at + 1:06d}",
            village=self._villages[place],
            category=dice.weighted(settings.categories),
            salt=dice.below(1 << 32),
        )
        is_dotted = dice.chance(self._names.dotted.share)
        ethnic = dice.pick(self._names.dotted.ethnic) if is_dotted else ""
        surname = self._namer.surname(dice)
        head_age = dice.between(*makeup.head)
        head_sex = "male" if makeup.members or dice.chance(0.6) else "female"
        for place_in in ("head", *makeup.members):
            low, high = settings.offsets.get(place_in, (0, 0))
            age = max(1, head_age + dice.between(low, high))
            sex = _SEX.get(place_in) or {"head": head_sex, "spouse": "female"}.get(place_in) or self._sex()
            own = surname if place_in in ("head", "child", "son", "grandchild", "father") else self._namer.surname(dice)
            name = self._namer.dotted(sex, dice) if is_dotted else self._namer.name(own, sex, dice)
            relation = _BY_SEX.get(place_in, {}).get(sex, place_in)
            self.person(household, household.village, self._birth(age), sex, relation, name, ethnic)
        return household

    def _outsider(self) -> Person:
        dice, settings = self._dice, self._settings
        sex = self._sex()
        is_dotted = dice.chance(self._names.dotted.share)
        name = self._namer.dotted(sex, dice) if is_dotted else self._namer.name(self._namer.surname(dice), sex, dice)
        ethnic = dice.pick(self._names.dotted.ethnic) if is_dotted else ""
        made = self.person(NOBODY, dice.pick(self._villages), self._birth(dice.between(1, 92)), sex, "", name, ethnic)
        stands = settings.outsider_state[dice.weighted({i: s.share for i, s in enumerate(settings.outsider_state)})]
        if stands.state:
            made.state, made.stop_reason = stands.state, stands.stop_reason or ""
            made.stop_date = self.on - timedelta(days=dice.between(*stands.days))
        elif not made.employee:
            made.aid = dice.weighted(settings.outsider_aid)
        return made

    def _birth(self, age: int) -> date:
        return self.on - timedelta(days=365 * age + age // 4 + self._dice.between(1, 360))

    def _sex(self) -> str:
        return "male" if self._dice.chance(0.52) else "female"
