"""Clauses (条款): what the notices ask of the software, in our own words: ``include/clauses/<notice>.yaml``.

Everything in the policy says by a clause's id why it is there. An id that no notice has is a fault wherever it stands.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from bidui.policy.contract import Frozen
from bidui.policy.source import Fault, PolicyError, nearest, read_yaml

FOLDER = "clauses"
_TEXTS = {".yaml", ".csv", ".sql", ".md"}
_LISTED = re.compile(r"\bclauses(?::|, value:)\s*\[([^\]]*)\]")
_WORD = re.compile(r"[^\s,'\"|#]+")


class Clause(Frozen):
    """One duty."""

    id: str = Field(pattern=r"^[A-Z]{2}-\d{2}$")
    duty: str
    place: str = ""
    """Where the notice says it: part, number, article."""
    completes: str = ""
    """What would complete a clause that is met in part; empty: what carries it, carries all of it."""
    carried_by: tuple[str, ...] = ()
    """Objects (``kind:id``) that carry it and have no room to say so themselves; ``file:`` and a path is the project's
    own, ``contacts`` the hub's list of contacts."""


class Notice(Frozen):
    """One notice with its clauses."""

    title: str
    number: str
    """Document number (文号)."""
    issued_on: date | None = None
    clauses: tuple[Clause, ...] = Field(min_length=1)
    file: str

    @model_validator(mode="after")
    def _one_prefix(self) -> Notice:
        ids = [clause.id for clause in self.clauses]
        if len({name.partition("-")[0] for name in ids}) > 1:
            raise ValueError("all clauses of a notice begin with the same two letters")
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: stated twice")
        return self


def load(include: Path) -> tuple[Notice, ...]:
    """The notices, oldest first, what is no notice of a day last; PolicyError names every fault."""
    found: list[Notice] = []
    wrong: list[Fault] = []
    for path in sorted((include / FOLDER).glob("*.yaml")):
        try:
            source = read_yaml(path, include)
            found.append(source.as_model(Notice, file=source.file))
        except PolicyError as error:
            wrong.extend(error.faults)
    if not found and not wrong:
        wrong.append(Fault(FOLDER, None, "no notice states a clause"))
    prefixes = [notice.clauses[0].id.partition("-")[0] for notice in found]
    for notice, prefix in zip(found, prefixes, strict=True):
        if prefixes.count(prefix) > 1:
            wrong.append(Fault(notice.file, None, f"another notice's clauses begin with {prefix}, too"))
    if wrong:
        raise PolicyError(wrong)
    return tuple(sorted(found, key=lambda notice: (notice.issued_on or date.max, notice.file)))


def faults(include: Path, objects: Collection[str]) -> list[Fault]:
    """Faults of the notices, clause ids that no notice has, and carriers that are not there.

    ``objects``: the ``kind:id`` of all objects of the policy.
    """
    try:
        notices = load(include)
    except PolicyError as error:
        return list(error.faults)
    known = [clause.id for notice in notices for clause in notice.clauses]
    dead = [
        Fault(file, line, f"clause {name} does not exist{nearest(name, known)}")
        for file, line, name in named(include, {name.partition("-")[0] for name in known})
        if name not in known
    ]
    return [*dead, *_without_carrier(include, notices, objects)]


def named(include: Path, prefixes: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """Every clause id that a policy file names: file, line, id.

    An id is what begins as one of ``prefixes`` does, and whatever stands where clauses are listed.
    """
    anywhere = re.compile(rf"\b(?:{'|'.join(sorted(prefixes))})-\d+\b")
    for path in sorted(path for path in include.rglob("*") if path.suffix in _TEXTS):
        text = path.read_text(encoding="utf-8-sig", errors="replace")  # what cannot be read is told elsewhere
        file = str(path.relative_to(include))
        places = {(found.start(), found[0]) for found in anywhere.finditer(text)}
        for listed in _LISTED.finditer(text):
            places |= {(listed.start(1) + word.start(), word[0]) for word in _WORD.finditer(_bare(listed[1]))}
        yield from ((file, text.count("\n", 0, at) + 1, name) for at, name in sorted(places))
        if path.suffix == ".csv":
            yield from ((file, line, name) for line, name in _in_columns(text) if not anywhere.fullmatch(name))


def _bare(listed: str) -> str:
    """A list that goes on in the next line of a SQL header, without the marks of a comment."""
    return listed.replace("\n--", "\n  ")


def _in_columns(text: str) -> Iterator[tuple[int, str]]:
    """What stands in a dictionary's columns ``clause`` and ``clauses``."""
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        for column in ("clause", "clauses"):
            yield from ((reader.line_num, word) for word in _WORD.findall(row.get(column) or ""))


def _without_carrier(include: Path, notices: tuple[Notice, ...], objects: Collection[str]) -> Iterator[Fault]:
    kinds = {name.partition(":")[0] for name in objects}
    for notice in notices:
        source = read_yaml(include / notice.file, include)
        for at, clause in enumerate(notice.clauses):
            for place, name in enumerate(clause.carried_by):
                if name.startswith("file:") or name in objects or (name in kinds and ":" not in name):
                    continue
                said = f"carried_by: {name} does not exist{nearest(name, objects)}"
                yield source.fault(said, ["clauses", at, "carried_by", place])
