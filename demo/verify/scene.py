"""What is read: a hub's database, its folders, its policy's files, and the truth; and what a check is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from psycopg2 import sql


@dataclass(frozen=True)
class Check:
    """One thing that has to hold. Of a mapping, ``seen`` may tell more than was expected."""

    name: str
    expected: Any
    seen: Any

    @property
    def ok(self) -> bool:
        """Whether it does."""
        if isinstance(self.expected, dict) and isinstance(self.seen, dict):
            return all(key in self.seen and self.seen[key] == value for key, value in self.expected.items())
        return bool(self.expected == self.seen)


@dataclass(frozen=True)
class Scene:
    """One hub, after its months were played."""

    home: Path
    include: Path
    """The policy's files. They are read as files: what a rule finds stands in its header."""
    profile: str
    dsn: str = field(repr=False)
    synth: Path
    """The parties' files and ``truth.jsonl``."""

    def rows(self, query: str | sql.Composable, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, read by the superuser."""
        return rows(self.dsn, query, *values)

    @cached_property
    def truth(self) -> list[dict[str, Any]]:
        """Every line of truth."""
        with (self.synth / "truth.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one type."""
        return [line for line in self.truth if line["type"] == kind]

    @cached_property
    def rules(self) -> dict[str, Mapping[str, Any]]:
        """The header of every rule, by its id."""
        headers = [_header(file) for file in sorted((self.include / "sql").glob("*/*.sql"))]
        return {header["id"]: header for header in headers}

    @cached_property
    def systems(self) -> dict[str, str]:
        """Truth's word for a system → the dataset under which findings speak of it: the one derived from it, if any."""
        derived = {
            read["dataset"]: rule["produces"] for rule in self.rules.values() if rule.get("produces")
            for read in rule["reads"].values() if "dataset" in read
        }  # fmt: skip
        (header,) = self.told("header")
        return {word: derived.get(dataset, dataset) for word, dataset in header["systems"].items()}

    @cached_property
    def desk(self) -> str:
        """The hub's own mail address."""
        stated = yaml.safe_load((self.include / "profiles" / f"{self.profile}.yaml").read_text(encoding="utf-8"))
        return str(stated["desk"]["email"])


def rows(dsn: str, query: str | sql.Composable, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall()


def digest(things: Iterable[Any]) -> str:
    """The same for the same things, in any order (the first 16 digits of a SHA-256)."""
    told = sorted(json.dumps(thing, ensure_ascii=False, default=str) for thing in things)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def write(file: Path, checks: Iterable[Check]) -> bool:
    """Write the checks as JSON; returns whether all hold."""
    told = [{"name": c.name, "expected": c.expected, "seen": c.seen, "ok": c.ok} for c in checks]
    held = all(check["ok"] for check in told)
    file.write_text(
        json.dumps({"checks": told, "all_ok": held}, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
    )
    return held


def _header(file: Path) -> dict[str, Any]:
    """The YAML in the comment lines at the head of a SQL file."""
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("--"):
            break
        lines.append(line[2:].removeprefix(" "))
    return dict(yaml.safe_load("\n".join(lines)))
