"""Projection of truth onto a dataset's columns, as ``include/synth/<party>.<dataset>.yaml`` says.

A column's expression is compiled once into a function of a row's context; the vocabulary is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from bidui.domain.period import Period
from bidui.policy.contract import Column
from bidui.synth import lists
from bidui.synth.lists import Region, Regions
from bidui.synth.settings import Frozen, SynthError, System, checked, load
from bidui.synth.statements import RegisterRow, RosterRow
from bidui.synth.world import Household, Person, World

Row = RegisterRow | RosterRow
Cell = Callable[["Context"], str]
_DATE = "%Y-%m-%d"


class Form(Frozen):
    """The file: ``name`` by variant, text lines above and below the table, encoding for text files."""

    form: Literal["xlsx", "csv"]
    name: dict[str, str]
    sheet: str = "Sheet1"
    encoding: str = "utf-8"
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


class Untidiness(Frozen):
    """``count`` rows (at scale 1) of every full file in which ``column`` is untidy in one way."""

    kind: Literal["full_width", "lower_case", "spaced", "fifteen", "disability_number", "date_form", "word", "empty"]
    column: str
    count: int
    forms: tuple[str, ...] = ()
    born_before: int = 0
    code: str | None = None
    """Row issue that it makes, if any."""
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


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression may ask about one row."""

    said: Row
    person: Person
    household: Household
    head: Row
    village: Region
    town: Region
    county: Region
    period: Period
    serial: int


@dataclass(frozen=True)
class Dataset:
    """A projection with its contract's columns, ready to make tables."""

    id: str
    projection: Projection
    contract: tuple[Column, ...]
    cells: tuple[Cell, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The headers as this party writes them."""
        return tuple(self.projection.aliases.get(c.name, c.title) for c in self.contract)

    def position(self, column: str) -> int:
        """Place of a column; SynthError("unknown_column") when there is none."""
        for at, c in enumerate(self.contract):
            if c.name == column:
                return at
        raise SynthError("unknown_column", dataset=self.id, column=column)

    def expression(self, column: str) -> Mapping[str, Any]:
        """The expression of a column."""
        found: Mapping[str, Any] = self.projection.columns[column]
        return found

    def row(self, context: Context) -> list[str]:
        """One row of the table, in the contract's order."""
        return [cell(context) for cell in self.cells]


def datasets(include: Path) -> list[Dataset]:
    """Every dataset that has a projection; SynthError names what does not fit its contract."""
    files = sorted(f for f in (include / "synth").glob("*.yaml") if "." in f.stem)
    return [_dataset(include, file) for file in files]


def contexts(rows: Sequence[Row], world: World, places: Regions, period: Period) -> list[Context]:
    """The contexts of ``rows``, which stand in file order."""
    heads = {r.household: r for r in rows if isinstance(r, RegisterRow) and r.relation == "head"}
    households = {h.number: h for h in world.households}
    made = []
    for serial, row in enumerate(rows, 1):
        person, village = world.people[row.person], places.villages[row.village]
        household = households[row.household] if isinstance(row, RegisterRow) else person.household
        head = heads.get(row.household, row) if isinstance(row, RegisterRow) else row
        town = places.towns[village.parent]
        made.append(Context(row, person, household, head, village, town, places.county, period, serial))
    return made


def _dataset(include: Path, file: Path) -> Dataset:
    projection = checked(Projection, load(file), file)
    contract = lists.columns(include, file.stem)
    names = {c.name for c in contract}
    for wrong in (
        names - set(projection.columns),
        set(projection.columns) - names,
        set(projection.aliases) - names,
    ):
        if wrong:
            raise SynthError("columns_differ", file=file.name, columns=sorted(wrong))
    for column in contract:
        if (alias := projection.aliases.get(column.name)) and alias not in column.aliases:
            raise SynthError("unknown_alias", file=file.name, column=column.name)
    compiler = _Compiler(include, file.name, projection.rows)
    cells = tuple(compiler.compile(projection.columns[c.name], at) for at, c in enumerate(contract))
    return Dataset(file.stem, projection, contract, cells)


def mixed(salt: int, column: int) -> float:
    """A fraction that is always the same for one person (or household) and column."""
    x = (salt ^ (column + 1) * 0x9E3779B1) & 0xFFFFFFFF
    x = ((x ^ x >> 16) * 0x45D9F3B) & 0xFFFFFFFF
    x = ((x ^ x >> 16) * 0x45D9F3B) & 0xFFFFFFFF
    return (x ^ x >> 16) / 2**32


class _Compiler:
    """Turns expressions into functions."""

    def __init__(self, include: Path, file: str, rows: System) -> None:
        self._include = include
        self._file = file
        self._rows = rows
        said = RegisterRow if rows == "register" else RosterRow
        self._about: dict[str, type] = {
            rows: said,
            "head": said,
            "person": Person,
            "household": Household,
            "village": Region,
            "town": Region,
            "county": Region,
            "period": Period,
        }
        self._words = {
            "const": self._const,
            "from": self._from,
            "pick": self._pick,
            "number": self._number,
            "digits": self._digits,
            "choose": self._choose,
        }

    def compile(self, expression: Any, column: int) -> Cell:
        """``expression`` as a function; SynthError("unknown_expression") for anything else."""
        word = next((w for w in self._words if isinstance(expression, Mapping) and w in expression), None)
        if word is None:
            raise SynthError("unknown_expression", file=self._file, column=column)
        return self._words[word](dict(expression), column)

    def _const(self, e: dict[str, Any], column: int) -> Cell:
        text = str(e.pop("const"))
        self._nothing_left(e, column)
        return lambda context: text

    def _from(self, e: dict[str, Any], column: int) -> Cell:
        value = self._path(e.pop("from"), column)
        labels, form, empty = self._labels(e), e.pop("date", _DATE), str(e.pop("empty", ""))
        self._nothing_left(e, column)

        def cell(context: Context) -> str:
            found = value(context)
            if found is None or found == "":
                return empty
            if isinstance(found, date):
                return found.strftime(form)
            return labels[found] if labels else str(found)

        return cell

    def _pick(self, e: dict[str, Any], column: int) -> Cell:
        values, share, salt = [str(v) for v in e.pop("pick")], e.pop("share", None), self._salt(e, column)
        labels = self._labels(e)
        self._nothing_left(e, column)
        texts = [labels[v] if v and labels else v for v in values]
        marks = list(accumulate(share or [1] * len(values)))

        def cell(context: Context) -> str:
            mark = mixed(salt(context), column) * marks[-1]
            return texts[next(i for i, reached in enumerate(marks) if mark < reached)]

        return cell

    def _number(self, e: dict[str, Any], column: int) -> Cell:
        (low, high), salt = e.pop("number"), self._salt(e, column)
        self._nothing_left(e, column)
        return lambda context: str(low + int(mixed(salt(context), column) * (high - low + 1)))

    def _digits(self, e: dict[str, Any], column: int) -> Cell:
        pattern, salt = str(e.pop("digits")), self._salt(e, column)
        self._nothing_left(e, column)
        head, places = pattern.rstrip("#"), pattern.count("#")
        return lambda context: head + f"{int(mixed(salt(context), column) * 10**places):0{places}d}"

    def _choose(self, e: dict[str, Any], column: int) -> Cell:
        value = self._path(e.pop("choose"), column)
        of = {str(k): self.compile(v, column) for k, v in e.pop("of").items()}
        other = self.compile(e.pop("else", {"const": ""}), column)
        self._nothing_left(e, column)
        return lambda context: of.get(str(value(context) or ""), other)(context)

    def _path(self, path: str, column: int) -> Callable[[Context], Any]:
        root, _, name = path.partition(".")
        about = self._about.get(root)
        if path != "serial" and (about is None or name.startswith("_") or not _has(about, name)):
            raise SynthError("unknown_path", file=self._file, column=column)
        found: Callable[[Context], Any] = attrgetter(path if root != self._rows else f"said.{name}")
        return found

    def _salt(self, e: dict[str, Any], column: int) -> Callable[[Context], int]:
        by = e.pop("by", "person")
        if by not in ("person", "household"):
            raise SynthError("unknown_expression", file=self._file, column=column)
        return attrgetter(f"{by}.salt")

    def _labels(self, e: dict[str, Any]) -> dict[str, str]:
        name = e.pop("labels", None)
        return lists.labels(self._include, name) if name else {}

    def _nothing_left(self, e: Iterable[str], column: int) -> None:
        if e:
            raise SynthError("unknown_expression", file=self._file, column=column, keys=sorted(e))


def _has(about: type, name: str) -> bool:
    return name in {f.name for f in fields(about)} or isinstance(getattr(about, name, None), property)
