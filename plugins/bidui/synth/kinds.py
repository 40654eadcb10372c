"""What may happen to whom: the vocabulary of events, closed, as ``include/synth/README.md`` explains it."""

from __future__ import annotations

from typing import Literal, get_args

from bidui.synth.source import Frozen

System = Literal["register", "roster", "expense", "benefit", "certificate"]
SYSTEMS: tuple[System, ...] = get_args(System)
NameSlip = Literal["misspelt", "dropped", "inner_space", "outer_space", "wide_space", "other_dot", "variant"]
IdSlip = Literal["digit", "swap", "two_birth_digits"]
Boundary = Literal[
    "death_days", "newborn_days", "able_left", "id_digits",
    "death_paid_days", "benefit_flag_days", "benefit_new_days", "certificate_new_days",
    "month_cost", "year_cost", "parts_off",
]  # fmt: skip
TO_LAST_DAY = frozenset({"death_days", "newborn_days", "benefit_new_days", "certificate_new_days"})
"""Boundaries that are days from the event to the period's last day."""
TO_FIRST_DAY = frozenset({"death_paid_days", "benefit_flag_days"})
"""Boundaries that are days from the event to the period's first day."""


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
    benefit: bool | None = None
    """Whether the person gets the benefit."""
    certificate: bool | None = None
    """Whether the person holds a certificate."""
    monitored: bool | None = None
    """Whether the household is monitored."""


class Said(Frozen):
    """How one system's statement about a person differs from the plain one."""

    absent: bool = False
    name: NameSlip | None = None
    id_no: IdSlip | None = None
    village: Literal["other"] | None = None
    state: str | None = None
    stop_reason: str | None = None
    dated: bool = False
    """The stop date (roster) or the date of cancelling (certificate) is the event's date."""
    insured_year: int | None = None
    """Years to add to the year of the period in which the event happens."""
    aid: str | None = None
    dibao: bool | Literal["empty"] | None = None
    """The register's flag."""
    disability: Literal["blank", "some", "other_level", "other_category"] | None = None
    """The register's code, against the certificate (``some``: there is none)."""
    status: str | None = None
    """Of a certificate."""
    also: Literal["second_household", "other_scheme", "second_benefit"] | None = None
    """A second row beside the first."""


class Next(Frozen):
    """What follows from the next period on, for a share of the events."""

    share: float
    says: dict[System, Said]


class Issued(Frozen):
    """The certificate that a person gets on the event's date; without ``categories``, any."""

    categories: tuple[str, ...] = ()
    levels: tuple[str, ...]


class Cost(Frozen):
    """What a person has to pay; ranges are in yuan, for each settlement."""

    own: tuple[int, int]
    settlements: int = 1
    """In one month."""
    months: int = 1
    before: tuple[int, int] | None = None
    """One settlement more, settled in the month before."""
    off: tuple[int, int] | None = None
    """By how much the parts miss the total."""


class EventKind(Frozen):
    """One kind of planted event."""

    kind: str
    who: str
    """Name of a group."""
    first: int
    later: int
    persons: int | Literal["all"] = 1
    """Persons of the one household that it befalls."""
    mended: float = 0.0
    """Share that is put right in the next period."""
    over: bool = False
    """Over with the period: the household is free again."""
    days: tuple[int, int] | None = None
    """The event's date: so many days before the period's last day."""
    boundary: Boundary | None = None
    offsets: tuple[int, ...] = (-1, 0, 1)
    """Distances from the boundary; the counts hold for each."""
    beside: str | None = None
    """Befalls another member of a household where this kind still stands."""
    again: str | None = None
    """Befalls the same person as this kind, which still stands."""
    benefit: bool = False
    """The persons get a benefit from the event's date on."""
    certificate: Issued | None = None
    cost: Cost | None = None
    says: dict[System, Said] = {}
    """What each system says differently from the event's period on."""
    next: Next | None = None

    @property
    def has_date(self) -> bool:
        """Whether it happens on a day that statements may show."""
        return bool(self.days) or self.boundary in TO_LAST_DAY | TO_FIRST_DAY


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
