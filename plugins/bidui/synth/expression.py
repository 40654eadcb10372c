"""Expressions of a projection, each compiled once into a function of a row's context; the vocabulary is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any

from bidui.domain.period import Period
from bidui.synth import lists
from bidui.synth.kinds import SYSTEMS, System
from bidui.synth.places import Region
from bidui.synth.source import SynthError
from bidui.synth.statements import ROW_OF, Row
from bidui.synth.world import Household, Person

Cell = Callable[["Context"], str]
_DATE = "%Y-%m-%d"
_ABOUT: dict[str, type] = {
    "person": Person,
    "household": Household,
    "village": Region,
    "town": Region,
    "county": Region,
    "period": Period,
}


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


def attribute(path: str) -> str:
    """Where a path leads from a context: a system's name stands for what it says."""
    root, _, name = path.partition(".")
    return f"said.{name}" if root in SYSTEMS else path


def mixed(salt: int, column: int) -> float:
    """A fraction that is always the same for one person (or household) and column."""
    x = (salt ^ (column + 1) * 0x9E3779B1) & 0xFFFFFFFF
    x = ((x ^ x >> 16) * 0x45D9F3B) & 0xFFFFFFFF
    x = ((x ^ x >> 16) * 0x45D9F3B) & 0xFFFFFFFF
    return (x ^ x >> 16) / 2**32


class Compiler:
    """Turns expressions into functions, for one file of projections whose rows are one system's."""

    def __init__(self, include: Path, file: str, rows: System) -> None:
        self._include = include
        self._file = file
        self._about = _ABOUT | {rows: ROW_OF[rows], "head": ROW_OF[rows]}
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
            if isinstance(found, Decimal):
                return f"{found:.2f}"
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
        of = {_as_key(k): self.compile(v, column) for k, v in e.pop("of").items()}
        other = self.compile(e.pop("else", {"const": ""}), column)
        self._nothing_left(e, column)
        return lambda context: of.get(_as_key(value(context)), other)(context)

    def _path(self, path: str, column: int) -> Callable[[Context], Any]:
        root, _, name = path.partition(".")
        about = self._about.get(root)
        if path != "serial" and (about is None or name.startswith("_") or not _has(about, name)):
            raise SynthError("unknown_path", file=self._file, column=column)
        found: Callable[[Context], Any] = attrgetter(attribute(path))
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


def _as_key(value: Any) -> str:
    return "" if value is None else str(value)


def _has(about: type, name: str) -> bool:
    return name in {f.name for f in fields(about)} or isinstance(getattr(about, name, None), property)
