"""Projection of truth onto a dataset's columns and file, as ``include/synth/<party>.<dataset>.yaml`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from bidui.domain.period import Period
from bidui.policy.contract import Column, Members
from bidui.synth import lists
from bidui.synth.expression import Cell, Compiler, Context
from bidui.synth.kinds import System
from bidui.synth.lists import Sheet
from bidui.synth.places import Regions
from bidui.synth.source import Frozen, SynthError, checked, load
from bidui.synth.statements import RegisterRow, Row
from bidui.synth.world import World

Table = list[list[str]]


class Form(Frozen):
    """The file: ``name`` by variant, text lines above and below the table, encoding for text files."""

    form: Literal["xlsx", "csv"]
    name: dict[str, str]
    sheet: str = "Sheet1"
    encoding: str = "utf-8"
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


class Untidiness(Frozen):
    """``count`` rows (at scale 1) of every full table in which ``column`` is untidy in one way."""

    kind: Literal[
        "full_width", "lower_case", "spaced", "fifteen", "disability_number", "eighteen", "grouped", "date_form",
        "word", "empty",
    ]  # fmt: skip
    column: str
    count: int
    forms: tuple[str, ...] = ()
    born_before: int = 0
    code: str | None = None
    """Row issue that it makes, if it is a repair or sets the row aside."""
    quarantined: bool = False
    """The row is lost; it is an ordinary person's, so truth is not touched."""


class Projection(Frozen):
    """One dataset."""

    rows: System
    file: Form
    aliases: dict[str, str] = {}
    """Column → another header of the contract that this party writes."""
    columns: dict[str, Any]
    untidy: tuple[Untidiness, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset's file and its contract's sheet.

    Tables have the contract's columns, in order. Where the sheet holds a household in each row, a table has a row for
    each member, and `written` puts them side by side.
    """

    id: str
    sheet: Sheet
    file: Form
    aliases: Mapping[str, str]
    """Column → another header of the contract that the party writes."""

    @property
    def contract(self) -> tuple[Column, ...]:
        """The contract's columns."""
        return self.sheet.columns

    @property
    def titles(self) -> tuple[str, ...]:
        """A header for each column, as this party writes it."""
        return tuple(self.aliases.get(c.name, c.title) for c in self.contract)

    def position(self, column: str) -> int:
        """Place of a column; SynthError("unknown_column") when there is none."""
        for at, c in enumerate(self.contract):
            if c.name == column:
                return at
        raise SynthError("unknown_column", dataset=self.id, column=column)

    def written(self, table: Sequence[list[str]], drop: tuple[str, ...] = ()) -> tuple[list[str], Table]:
        """Header and rows as the file has them, without the columns ``drop``."""
        kept = [at for at, c in enumerate(self.contract) if c.name not in drop]
        if self.sheet.members:
            return self._side_by_side(self.sheet.members, table, kept)
        body = [[row[at] for at in kept] for row in table] if drop else list(table)
        return [self.titles[at] for at in kept], body

    def starts_household(self, row: list[str]) -> bool:
        """Whether this row of the table begins another row of the file."""
        return not self.sheet.members or row[self.position(self.sheet.members.number)] == "1"

    def sums(self, table: Sequence[list[str]]) -> dict[str, float]:
        """Of columns that speak once for a household: their total over the households."""
        once = self.sheet.members.once if self.sheet.members else ()
        heads = [row for row in table if self.starts_household(row)]
        return {c: float(sum(Decimal(row[self.position(c)] or 0) for row in heads)) for c in once}

    def _side_by_side(self, members: Members, table: Sequence[list[str]], kept: list[int]) -> tuple[list[str], Table]:
        mine = [self.position(c) for c in members.columns if self.position(c) in kept]
        once = [at for at in kept if at not in mine and at != self.position(members.number)]
        slots = [f"{self.titles[at]}{n}" for n in range(1, members.slots + 1) for at in mine]
        made: Table = []
        for row in table:
            if self.starts_household(row):
                made.append([row[at] for at in once])
            made[-1] += [row[at] for at in mine]
        header = [*(self.titles[at] for at in once), *slots]
        if any(len(row) > len(header) for row in made):
            raise SynthError("too_many_members", dataset=self.id)
        return header, [row + [""] * (len(header) - len(row)) for row in made]


@dataclass(frozen=True)
class Projected(Dataset):
    """A dataset with its projection, ready to make tables of what a system states."""

    projection: Projection
    cells: tuple[Cell, ...]

    def expression(self, column: str) -> Mapping[str, Any]:
        """The expression of a column."""
        found: Mapping[str, Any] = self.projection.columns[column]
        return found

    def row(self, context: Context) -> list[str]:
        """One row of the table."""
        return [cell(context) for cell in self.cells]


def datasets(include: Path) -> list[Projected]:
    """Every dataset that has a projection; SynthError names what does not fit its contract."""
    files = sorted(f for f in (include / "synth").glob("*.yaml") if "." in f.stem)
    return [_dataset(include, file) for file in files]


def contexts(rows: Sequence[Row], world: World, places: Regions, period: Period) -> list[Context]:
    """The contexts of ``rows``, which stand in file order."""
    heads = {r.household: r for r in rows if isinstance(r, RegisterRow) and r.relation == "head"}
    households = {h.number: h for h in world.households}
    made = []
    for serial, row in enumerate(rows, 1):
        person, village = world.people[row.person], places.known[row.village]
        household = households[row.household] if isinstance(row, RegisterRow) else person.household
        head = heads.get(row.household, row) if isinstance(row, RegisterRow) else row
        town, county = places.town(village.code), places.county(village.code)
        made.append(Context(row, person, household, head, village, town, county, period, serial))
    return made


def _dataset(include: Path, file: Path) -> Projected:
    projection = checked(Projection, load(file), file)
    sheet = lists.sheet(include, file.stem)
    names = {c.name for c in sheet.columns}
    for wrong in (
        names - set(projection.columns),
        set(projection.columns) - names,
        set(projection.aliases) - names,
    ):
        if wrong:
            raise SynthError("columns_differ", file=file.name, columns=sorted(wrong))
    for column in sheet.columns:
        if (alias := projection.aliases.get(column.name)) and alias not in column.aliases:
            raise SynthError("unknown_alias", file=file.name, column=column.name)
    compiler = Compiler(include, file.name, projection.rows)
    cells = tuple(compiler.compile(projection.columns[c.name], at) for at, c in enumerate(sheet.columns))
    return Projected(file.stem, sheet, projection.file, projection.aliases, projection, cells)
