"""The synthetic hub as data: ``include/synth/<profile>.yaml`` and ``names.yaml``, checked key by key.

A profile may extend another one (``base.yaml``). Counts are those of size 1 at scale 1. The thresholds under
``boundaries`` and the words under ``statement`` are truth's own: they are stated there again, apart from the rules, so
that a wrong rule cannot make itself true.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from bidui.domain.period import Period
from bidui.synth.kinds import EventKind, Group, System, Variant
from bidui.synth.source import Frozen, checked, extended, load


class Population(Frozen):
    """How many at size 1, scale 1."""

    households: int
    persons: int
    outsiders: int


class Composition(Frozen):
    """One make-up of a household: its share, the head's age range, the others' places."""

    share: float
    head: tuple[int, int]
    members: tuple[str, ...]


class Band(Frozen):
    """Labour skills up to an age."""

    to: int
    of: dict[str, float]


class Stage(Frozen):
    """Name of the stage of life up to an age."""

    to: int
    name: str


class OutsiderState(Frozen):
    """One way in which an ordinary person's insurance stands; no ``state``: insured."""

    share: float
    state: str | None = None
    stop_reason: str | None = None
    days: tuple[int, int] = (1, 1)


class Benefits(Frozen):
    """Who gets a benefit from the start: this share of every town's households, and ordinary people by their aid."""

    prefix: str
    share: float
    types: dict[str, float]
    a_person: tuple[int, int]
    """Yuan a month for each person."""
    days: tuple[int, int]
    """It started so many days before the first period's last day."""


class Certificates(Frozen):
    """Who holds a certificate from the start: everybody in ``health``, of ordinary people this share."""

    health: str
    outsiders: float
    categories: dict[str, float]
    """In the order of the certificate number's 19th digit, from 1."""
    levels: dict[str, float]
    days: tuple[int, int]


class Numbers(Frozen):
    """How many people have ordinary costs in a month."""

    members: int
    outsiders: int


class Costs(Frozen):
    """The ordinary costs of a month: too small for anything to be found."""

    prefix: str
    a_month: Numbers
    own: tuple[int, int]
    """Yuan."""
    own_share: tuple[float, float]
    """Of the total."""
    visit_types: dict[str, float]
    heavy: str
    """Type of a bill larger than ordinary ones."""
    before: float
    """Share that was settled in the month before."""
    rounded: float
    """Share of the settlements whose parts miss the total by less than a yuan."""


class Statement(Frozen):
    """The codes that truth's own evaluation asks for."""

    scheme: str
    other_scheme: str
    insured: str
    died: str
    exempt: frozenset[str]
    able: frozenset[str]
    aided: frozenset[str]
    unaided: str
    paid: str
    """An ordinary person's aid that goes with the benefit."""
    valid: str
    """A certificate in force."""
    severe: frozenset[str]
    """Levels of any category."""
    mind: frozenset[str]
    """Categories in which lighter levels count, too."""
    lighter: frozenset[str]
    """These levels."""


class Boundaries(Frozen):
    """Truth's own thresholds; days, numbers and yuan."""

    death_days: int
    newborn_days: int
    able_left: int
    id_digits: int
    death_paid_days: int
    benefit_flag_days: int
    benefit_new_days: int
    certificate_new_days: int
    month_cost: int
    year_cost: int
    year_months: int
    parts_off: int


class Lists(Frozen):
    """Datasets without a projection that come in as plain lists, in which nothing is to be found."""

    datasets: Literal["all"] | tuple[str, ...] = ()
    """Of those that the hub's agreements provide."""
    rows: int
    """In a file."""
    of: dict[str, int] = {}
    """The same of some datasets."""
    outside: float
    """Share of ordinary people in them."""
    codes: dict[str, tuple[str, ...]] = {}
    """Code list → those of its codes that stand in them, where not all do."""
    above: dict[str, str]
    """Lines above the table: the title; the period, by the finest part of it that the contract looks for (month …);
    and the data date."""
    boolean: tuple[str, str]
    """Words for true and false."""
    phone: str
    """A number's beginning, with ``#`` for each further digit."""


class Visits(Frozen):
    """What a visitor would find."""

    days: tuple[int, int]
    visitors: tuple[str, ...]
    manners: dict[str, float]
    monitored_outcome: str
    outcomes: dict[str, dict[str, float]]
    """By what a lead holds; the first that it does decides."""
    reasons: dict[str, dict[str, float]]
    remarks: dict[str, tuple[str, ...]]
    """By the reason of a refusal where there is one, else by outcome."""


class Given(Frozen):
    """Given-name characters and their shares."""

    male: str
    female: str
    either: str
    rare: str
    single_share: float
    rare_share: float
    variant_share: float


class Surnames(Frozen):
    """Surnames and their shares."""

    common: str
    seldom: str
    compound: tuple[str, ...]
    seldom_share: float
    compound_share: float


class Dotted(Frozen):
    """Names of two parts with a middle dot."""

    share: float
    dot: str
    ethnic: tuple[str, ...]
    male: tuple[str, ...]
    female: tuple[str, ...]
    last: tuple[str, ...]


class Names(Frozen):
    """What names are made of."""

    surnames: Surnames
    given: Given
    dotted: Dotted
    dots: tuple[str, ...]
    misspelt: dict[str, str]


class Settings(Frozen):
    """One synthetic hub."""

    size: float = 1
    """By which all counts are multiplied."""
    systems: dict[System, str]
    names: str
    household_prefix: str
    data_day: int
    population: Population
    compositions: tuple[Composition, ...]
    offsets: dict[str, tuple[int, int]]
    skills: tuple[Band, ...]
    health: dict[str, float]
    stages: tuple[Stage, ...]
    categories: dict[str, float]
    aid_of: dict[str, str]
    outsider_aid: dict[str, float]
    outsider_state: tuple[OutsiderState, ...]
    employee_share: float
    benefits: Benefits
    certificates: Certificates
    costs: Costs
    statement: Statement
    boundaries: Boundaries
    quiet: dict[int, tuple[str, ...]] = {}
    """Number of a period → regions of any level in which nothing new happens."""
    groups: dict[str, Group]
    events: tuple[EventKind, ...]
    visits: Visits
    variants: tuple[Variant, ...] = ()
    lists: Lists

    @field_validator("events", mode="before")
    @classmethod
    def _named(cls, stated: Any) -> Any:
        return [{"kind": kind, **said} for kind, said in stated.items()] if isinstance(stated, dict) else stated

    def data_date(self, period: Period) -> date:
        """The day up to which the files of a month speak."""
        return period.first_day.replace(day=self.data_day)


def settings(include: Path, profile: str) -> tuple[Settings, Names]:
    """The synthetic hub of ``profile`` and what its names are made of."""
    file = include / "synth" / f"{profile}.yaml"
    found = checked(Settings, extended(file.parent, profile), file)
    names = include / "synth" / found.names
    return found, checked(Names, load(names), names)
