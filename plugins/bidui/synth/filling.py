"""Rows of a plain list: what a contract's columns may hold, for one person or one village."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import cycle
from math import ceil, floor, inf
from pathlib import Path
from typing import NamedTuple

from bidui.domain.period import Period
from bidui.domain.words import tidy
from bidui.policy.contract import Column
from bidui.synth import lists
from bidui.synth.dice import Dice
from bidui.synth.places import Regions
from bidui.synth.projection import Dataset
from bidui.synth.settings import Settings
from bidui.synth.source import SynthError, extended, load
from bidui.synth.statements.household import HEAD
from bidui.synth.world import NOBODY, Person, World

_SPAN = 100
"""Numbers are at most that far from their lower bound."""
_OF_ONE = {"subject", "head", "household_key", "region_village"}
"""Roles that only one row of a list plays for somebody (or for a village)."""


_CONTACTS = "contacts"
"""Role of the list in which a party says who acts for it."""


class Subject(NamedTuple):
    """Of whom a row speaks: a person, or a village as such. ``serial`` numbers the rows of a period's files from 1."""

    village: str
    person: Person | None = None
    serial: int = 0


class Filler:
    """Fills the rows of one dataset for one period."""

    def __init__(
        self, dataset: Dataset, settings: Settings, world: World, places: Regions, include: Path, period: Period,
        dice: Dice,
    ) -> None:  # fmt: skip
        """Raises SynthError: no_labels (nothing of a code list is in force), no_key (nothing tells rows apart)."""
        sheet = dataset.sheet
        self._include, self._places = include, places
        self._sheet, self._settings, self._period, self._dice = sheet, settings, period, dice
        self._others = cycle({p.name: p for p in dice.shuffled(world.outsiders) if not p.state}.values())
        used = {c.code_list for c in sheet.columns if c.code_list}
        self._labels = {name: self._known(include, name) for name in used}
        if empty := sorted(name for name, labels in self._labels.items() if not labels):
            raise SynthError("no_labels", dataset=dataset.id, lists=empty)
        self._dates = [c.name for c in sheet.columns if c.type == "date"]
        self._telling = _telling(dataset)
        self._of_role: dict[str, Callable[[Subject], str]] = {
            "household_key": self._household,
            "region_county": lambda s: places.county(s.village).name,
            "region_town": lambda s: places.town(s.village).name,
            "region_village": lambda s: places.known[s.village].name,
            "line_number": lambda s: "1" if sheet.members else str(s.serial),
        }

    def _known(self, include: Path, name: str) -> dict[str, str]:
        """Code → label of what is in force of a code list, of those that may stand in a list."""
        labels = lists.labels(include, name, self._period.last_day)
        return {code: labels[code] for code in self._settings.lists.codes.get(name, labels) if code in labels}

    def rows(self, part: str | None, subjects: Sequence[Subject]) -> list[list[str]]:
        """The rows of one file: the part of a region or of a party, or the whole."""
        made = [self._row(subject) for subject in subjects]
        return self._of_office(part, made) if part and _CONTACTS in self._sheet.roles else made

    def _of_office(self, party: str, rows: Sequence[list[str]]) -> list[list[str]]:
        """A party's contacts: those on record as they stand there, then newcomers to the first one's office."""
        columns, (title, held) = self._sheet.columns, _on_record(self._include, self._places, party, self._period)
        made = [dict(zip((c.name for c in columns), row, strict=True)) for row in rows]
        like = held[0] if held else {"email": f"{party}@{made[0]['email'].partition('@')[2]}"}
        own = [c.name for c in columns if c.identifier in ("name", "phone")]
        for number, cells in enumerate(made, 1):
            new = {**like, "email": like["email"].replace("@", f"{number}@"), **{name: cells[name] for name in own}}
            cells |= held[number - 1] if number <= len(held) else new
            cells["unit"] = title
        return [[tidy(cells[c.name]) for c in columns] for cells in made]

    def _row(self, subject: Subject) -> list[str]:
        """One row of the table. Its days are in the order of its columns: what begins does so before it ends."""
        days = dict(zip(self._dates, sorted(self._day() for _ in self._dates), strict=True))
        other = next(self._others)
        return [
            days[c.name].isoformat() if c.name in days else self._cell(c, subject, other) for c in self._sheet.columns
        ]

    def _cell(self, column: Column, subject: Subject, other: Person) -> str:
        if column.role in self._of_role:
            return self._of_role[column.role](subject)
        if column.identifier in ("id_number", "name"):
            person = _meant(column, subject) or other
            return person.name if column.identifier == "name" else self._id_number(column, person)
        if column.identifier == "phone":
            return "".join(str(self._dice.below(10)) if c == "#" else c for c in self._settings.lists.phone)
        if column.name == self._telling:
            before = tidy(column.example or "") if column.type == "text" else ""
            return before + self._number(subject)
        if column.code_list:
            return self._label(self._labels[column.code_list], subject.person)
        return self._plain(column)

    def _plain(self, column: Column) -> str:
        """Some value of the column's type."""
        if column.type == "month":
            return f"{self._period.year}{self._period.first_month:02d}"
        if column.type == "boolean":
            return self._dice.pick(self._settings.lists.boolean)
        is_bounded = column.minimum is not None or column.maximum is not None
        if column.type in ("integer", "decimal") and (is_bounded or not column.example):
            return self._between(column)
        return tidy(column.example or column.title)

    def _between(self, column: Column) -> str:
        unit = 1 if column.type == "integer" else 100
        most = inf if column.maximum is None else column.maximum
        low = min(1, most) if column.minimum is None else column.minimum
        found = self._dice.between(ceil(low * unit), floor(min(most, low + _SPAN) * unit))
        return str(found) if unit == 1 else f"{found / unit:.2f}"

    def _label(self, labels: dict[str, str], person: Person | None) -> str:
        """One of a list's; where the list is about something that is known of the person, what is true."""
        facts = [person.relation or HEAD, person.sex] if person else []
        if person and person.certificate:
            facts += [person.certificate.category, person.certificate.level]
        return next((labels[fact] for fact in facts if fact in labels), None) or self._dice.pick([*labels.values()])

    def _id_number(self, column: Column, person: Person) -> str:
        if column.id_form == "citizen" or person.certificate is None:
            return person.id_no
        return person.id_no + person.certificate.digits(tuple(self._settings.certificates.categories))

    def _household(self, subject: Subject) -> str:
        """The register's number, of people in it; or one of another numbering."""
        if self._sheet.numbering:
            return self._number(subject)
        return subject.person.household.number if subject.person else ""

    def _number(self, subject: Subject) -> str:
        """A number that no other row has; an increment's, in no other period."""
        of_period = f"{self._period.year}{self._period.first_month:02d}" if self._sheet.is_increment else ""
        return f"{of_period}{subject.serial:05d}"

    def _day(self) -> date:
        """A day of the period that the file can know of."""
        return self._period.first_day + timedelta(days=self._dice.below(self._settings.data_day))


def _on_record(include: Path, places: Regions, party: str, period: Period) -> tuple[str, list[dict[str, str]]]:
    """What a party is called, and the lines of its own contacts on record as the period ends."""
    hub = next(row["hub"] for row in lists.table(include, "regions") if row["code"] == places.top.code)
    titles, day = extended(include / "profiles", hub).get("titles", {}), period.last_day.isoformat()
    title = titles.get(party) or load(include / "agreements" / f"{party}.yaml").get("title", party)
    with (include / "contacts" / f"{hub}.csv").open(encoding="utf-8-sig", newline="") as file:
        of_party = [row for row in csv.DictReader(file) if row["party"] == party and not row["region"]]
    return title, [row for row in of_party if row["valid_from"] <= day <= (row["valid_to"] or day)]


def _meant(column: Column, subject: Subject) -> Person | None:
    """Whom a column that states a person means; None for somebody else."""
    if column.role in ("subject", "subject_name") or column.id_form == "certificate":
        return subject.person
    if column.role in ("head", "head_name") and subject.person:
        return subject.person if subject.person.household is NOBODY else subject.person.household.members[0]
    return None


def _telling(dataset: Dataset) -> str | None:
    """The column of the key that tells rows apart, unless whoever they speak of does; a person of no role does so."""
    key = [c for c in dataset.sheet.columns if c.key_position]
    if not key or any(c.role in _OF_ONE for c in key):
        return None
    told = [c for c in key if c.type in ("text", "integer") and not c.role]
    if not told:
        raise SynthError("no_key", dataset=dataset.id)
    return told[0].name
