"""Dated code lists (字典): ``include/dictionary/*.csv``.

Columns: code, label, aliases (``|`` between), valid_from, valid_to (days, both included; empty is open); what else a
dictionary says of its codes, in columns of its own, reports read as ``word.about`` (``advice`` as ``word.advice``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bidui.domain.names import Variants
from bidui.domain.words import fold
from bidui.policy.source import Fault, PolicyError, text_of

_OWN = {"code", "label", "aliases", "valid_from", "valid_to"}


@dataclass(frozen=True)
class CodeEntry:
    """One code and its words, between two days (both included; None is open)."""

    code: str
    label: str
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    about: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Further columns of the dictionary that say something."""

    def in_force(self, day: date) -> bool:
        """Whether the entry holds on ``day``."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)

    @property
    def words(self) -> Iterator[str]:
        """All that people may write for the code, folded: label, aliases, the code itself."""
        return (fold(word) for word in (self.label, *self.aliases, self.code) if word)


@dataclass(frozen=True)
class CodeList:
    """One dictionary. Old words and codes stay readable on old days."""

    name: str
    entries: tuple[CodeEntry, ...]
    _by_day: dict[date, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code, of any day, in the order of the file."""
        return tuple(dict.fromkeys(entry.code for entry in self.entries))

    def code_of(self, text: str, on: date) -> str | None:
        """The code that ``text`` (a label, an alias or a code, however spaced and wide) means on that day."""
        if on not in self._by_day:
            self._by_day[on] = {word: e.code for e in self.entries if e.in_force(on) for word in e.words}
        return self._by_day[on].get(fold(text))

    def entry_of(self, code: str, on: date) -> CodeEntry:
        """What the list says of the code on that day; of a code not in force then, what it said last.

        Raises:
            KeyError: the list has no such code on any day.
        """
        known = [entry for entry in self.entries if entry.code == code]
        if not known:
            raise KeyError(code)
        return next((entry for entry in known if entry.in_force(on)), known[-1])

    def label_of(self, code: str, on: date) -> str:
        """The label on that day, or the last known one; KeyError as for `entry_of`."""
        return self.entry_of(code, on).label

    def vocabulary(self, on: date) -> dict[str, str]:
        """Code to label of what is in force that day, in the order of the file: what a drop-down offers."""
        return {entry.code: entry.label for entry in self.entries if entry.in_force(on)}

    @classmethod
    def load(cls, path: Path) -> CodeList:
        """Read and check one file; PolicyError names file and line."""
        entries: list[CodeEntry] = []
        faults: list[Fault] = []
        spans = Spans(path)
        for line, row in lines(path, {"code", "label"}):
            try:
                entry = CodeEntry(
                    code=row["code"], label=row["label"],
                    aliases=tuple(a.strip() for a in row.get("aliases", "").split("|") if a.strip()),
                    valid_from=day(row.get("valid_from")), valid_to=day(row.get("valid_to")),
                    about={name: said for name, said in row.items() if said and name not in _OWN},
                )  # fmt: skip
            except ValueError:
                faults.append(Fault(place(path), line, "valid_from and valid_to are days, YYYY-MM-DD"))
                continue
            if not entry.code or not entry.label:
                faults.append(Fault(place(path), line, "code and label are required"))
            faults.extend(spans.faults(line, entry.code, entry.valid_from, entry.valid_to))
            faults.extend(_clashes(path, line, entry, entries))
            entries.append(entry)
        if faults:
            raise PolicyError(faults)
        return cls(path.stem, tuple(entries))


def load_name_variants(path: Path) -> Variants:
    """The declared pairs of characters (columns a, b, reason); PolicyError when the file is wrong."""
    rows = [row for _, row in lines(path, {"a", "b", "reason"})]
    try:
        return Variants.of((row["a"], row["b"], row["reason"]) for row in rows)
    except ValueError as error:
        raise PolicyError([Fault(place(path), None, str(error))]) from error


def lines(path: Path, required: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and stripped cells of each row of a dictionary; PolicyError when it or a column is missing."""
    if not path.exists():
        raise PolicyError([Fault(place(path), None, "the file is missing")])
    reader = csv.DictReader(io.StringIO(text_of(path, path.parents[1]), newline=""))
    if missing := required - set(reader.fieldnames or ()):
        raise PolicyError([Fault(place(path), 1, f"column missing: {', '.join(sorted(missing))}")])
    rows = [(reader.line_num, row) for row in reader]
    if faults := [Fault(place(path), line, said) for line, row in rows if (said := _uneven(row))]:
        raise PolicyError(faults)
    for line, row in rows:
        yield line, {key: value.strip() for key, value in row.items()}


def _uneven(row: Mapping[str | None, Any]) -> str:
    """What is wrong with the number of a row's cells."""
    if None in row:
        return "has more cells than there are columns; put a text with a comma in double quotes"
    if None in row.values():
        return "has fewer cells than there are columns; put a comma for each one that stays empty"
    return ""


class Spans:
    """The time for which each thing is stated in a dictionary: one row at a time, from old to new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: dict[str, tuple[int, date, date]] = {}

    def faults(self, line: int, name: str, begun: date | None, ended: date | None) -> Iterator[Fault]:
        """What is wrong with one more row, which states ``name`` from ``begun`` to ``ended``."""
        first, last = begun or date.min, ended or date.max
        if last < first:
            yield Fault(
                place(self.path), line, f"{name} ends on {last}, before it begins; swap valid_from and valid_to"
            )
        if name in self.last:
            above, since, until = self.last[name]
            if first < since:
                said = f"{name} is out of order: put this row above line {above}, which begins later"
                yield Fault(place(self.path), line, said)
            elif first <= until:
                said = f"{name} overlaps line {above}; give that row a valid_to before {first}"
                yield Fault(place(self.path), line, said)
        self.last[name] = line, first, last


def place(path: Path) -> str:
    """A dictionary's name, as faults say it."""
    return f"{path.parent.name}/{path.name}"


def day(text: str | None) -> date | None:
    """A day as dictionaries write it; None where nothing stands. ValueError for anything else."""
    return date.fromisoformat(text) if text else None


def _clashes(path: Path, line: int, entry: CodeEntry, earlier: list[CodeEntry]) -> Iterator[Fault]:
    """One word must not mean two codes on one day."""
    words = set(entry.words)
    for other in earlier:
        apart = (
            entry.code == other.code
            or (entry.valid_to or date.max) < (other.valid_from or date.min)
            or (other.valid_to or date.max) < (entry.valid_from or date.min)
        )
        if not apart and (shared := words & set(other.words)):
            yield Fault(place(path), line, f"{sorted(shared)[0]} already means {other.code} at that time")
