"""The synthetic hub as data: ``include/synth/<profile>.yaml`` and ``names.yaml``, checked key by key.

Counts are those of scale 1. The thresholds under ``boundaries`` and the words under ``statement`` are truth's
own: they are stated there again, apart from the rules, so that a wrong rule cannot make itself true.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML

from bidui.domain.period import Period

Model = TypeVar("Model", bound=BaseModel)
System = Literal["register", "roster"]
NameSlip = Literal["misspelt", "dropped", "inner_space", "outer_space", "wide_space", "other_dot", "variant"]
IdSlip = Literal["digit", "swap", "two_birth_digits"]


class SynthError(ValueError):
    """The synthetic hub cannot be made: ``code`` says why, ``facts`` where. Holds no personal value."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(f"{code}: {facts}" if facts else code)
        self.code = code
        self.facts = facts


class Frozen(BaseModel):
    """Immutable; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Population(Frozen):
    """How many at scale 1."""

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


class Boundaries(Frozen):
    """Truth's own thresholds."""

    death_days: int
    newborn_days: int
    able_left: int
    id_digits: int


class Group(Frozen):
    """Whom an event may befall; every condition given must hold."""

    outside: bool = False
    """An ordinary person in no register, plainly insured."""
    born: bool = False
    """A new child of a household."""
    ages: tuple[int, int] = (0, 150)
    sex: str | None = None
    able: bool | None = None
    company: int = 1
    """Smallest household."""
    dotted: bool = False
    variant: bool = False
    characters: int = 2
    """Shortest name."""


class Said(Frozen):
    """How one system's statement about a person differs from the plain one."""

    absent: bool = False
    name: NameSlip | None = None
    id_no: IdSlip | None = None
    village: Literal["other"] | None = None
    state: str | None = None
    stop_reason: str | None = None
    dated: bool = False
    """The stop date is the event's date."""
    insured_year: int | None = None
    """Years to add to the year of the period in which the event happens."""
    aid: str | None = None
    also: Literal["second_household", "other_scheme"] | None = None
    """A second row beside the first."""


class Next(Frozen):
    """What follows from the next period on, for a share of the events."""

    share: float
    says: dict[System, Said]


class EventKind(Frozen):
    """One kind of planted event."""

    kind: str
    who: str
    """Name of a group."""
    first: int
    later: int
    persons: int = 1
    """Persons of the one household that it befalls."""
    mended: float = 0.0
    """Share that is put right in the next period."""
    days: tuple[int, int] | None = None
    """The event's date: so many days before the period's last day."""
    boundary: Literal["death_days", "newborn_days", "able_left", "id_digits"] | None = None
    offsets: tuple[int, ...] = (-1, 0, 1)
    """Distances from the boundary; the counts hold for each."""
    beside: str | None = None
    """Befalls another member of a household where this kind still stands."""
    again: str | None = None
    """Befalls the same person as this kind, which still stands."""
    says: dict[System, Said]
    """What each system says differently from the event's period on."""
    next: Next | None = None


class Visits(Frozen):
    """What a visitor would find."""

    days: tuple[int, int]
    visitors: tuple[str, ...]
    manners: dict[str, float]
    monitored_outcome: str
    outcomes: dict[str, dict[str, float]]
    reasons: dict[str, dict[str, float]]
    remarks: dict[str, tuple[str, ...]]
    """By the reason of a refusal where there is one, else by outcome."""


class Variant(Frozen):
    """A further file of the same period: ``broken`` comes before the full file, ``amend`` after it."""

    period: int
    system: System
    kind: Literal["broken", "amend"]
    drop: tuple[str, ...] = ()
    """Columns that are left out of a broken file."""
    refused: str | None = None
    """Code with which a broken file is to be refused."""
    persons: int = 0
    days: tuple[int, int] = (1, 1)
    wrong: Said | None = None
    """What the full file says wrongly about ``persons``; the amendment puts it right."""


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
    statement: Statement
    boundaries: Boundaries
    quiet_towns: dict[int, tuple[str, ...]] = {}
    groups: dict[str, Group]
    events: tuple[EventKind, ...]
    visits: Visits
    variants: tuple[Variant, ...] = ()

    def data_date(self, period: Period) -> date:
        """The day up to which the files of a month speak."""
        return period.first_day.replace(day=self.data_day)


def load(file: Path) -> Any:
    """The YAML document in ``file``; SynthError("no_file") when there is none."""
    if not file.is_file():
        raise SynthError("no_file", file=file.name)
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def checked(model: type[Model], document: Any, file: Path) -> Model:
    """``document`` as ``model``; SynthError("bad_settings") names the keys that do not fit."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        keys = [".".join(str(step) for step in e["loc"]) + ": " + e["type"] for e in error.errors()]
        raise SynthError("bad_settings", file=file.name, keys=keys) from None


def settings(include: Path, profile: str) -> tuple[Settings, Names]:
    """The synthetic hub of ``profile`` and what its names are made of."""
    file = include / "synth" / f"{profile}.yaml"
    found = checked(Settings, load(file), file)
    names = include / "synth" / found.names
    return found, checked(Names, load(names), names)
