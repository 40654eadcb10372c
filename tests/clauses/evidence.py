"""``include/clauses/evidence.json``: what the proofs and the played months showed, held against what they show now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bidui.pipeline.clauses import EVIDENCE

ROOT = Path(__file__).resolve().parents[2]
STALE = "include/clauses/evidence.json does not say what this test shows now: run `make proofs`"
Record = dict[str, str]


@dataclass
class Kept:
    """The evidence as committed, and what this session has shown."""

    file: Path
    stated: dict[str, Any]
    writing: bool
    _shown: dict[str, list[Record]] = field(default_factory=dict)

    @classmethod
    def of_shipped(cls) -> Kept:
        """That of the shipped policy; it is written anew with ``PROVE=1``."""
        file = ROOT / "include" / EVIDENCE
        return cls(file, read(file), os.environ.get("PROVE") == "1")

    def note(self, test: str, records: list[Record]) -> None:
        """What a proof showed; the test fails when the evidence says something else."""
        self._shown[test] = records
        stated = [record for record in self.stated["proofs"] if record["test"] == test]
        if not self.writing and sorted(records, key=_order) != sorted(stated, key=_order):
            pytest.fail(STALE, pytrace=False)

    def played(self, profile: str, objects: Iterable[str]) -> None:
        """What gave a result when a profile's months were played; the test fails when the evidence says something else.

        Of a profile that nothing is stated of, no clause counts as covered: nothing can be stale.
        """
        found = sorted(objects)
        if self.writing:
            self._write("results", {**self._now()["results"], profile: found})
        elif found != self.stated["results"].get(profile, found):
            pytest.fail(STALE, pytrace=False)

    def write(self) -> None:
        """Write what was shown; proofs that were not run stay as they are, those that are gone go."""
        if not self.writing or not self._shown:
            return
        others = [r for r in self._now()["proofs"] if r["test"] not in self._shown and exists(r["test"])]
        shown = [record for records in self._shown.values() for record in records]
        self._write("proofs", sorted([*others, *shown], key=_order))

    def _now(self) -> dict[str, Any]:
        """The file as it is: another test may have written its part of it."""
        return read(self.file)

    def _write(self, part: str, said: Any) -> None:
        whole = json.dumps({**self._now(), part: said}, ensure_ascii=False, indent=1)
        self.file.write_text(whole + "\n", encoding="utf-8")


def _order(record: Record) -> tuple[str, str, str]:
    return record["clause"], record["object"], record["test"]


def read(file: Path) -> dict[str, Any]:
    """The evidence in a file; none where there is no file."""
    nothing = {"proofs": [], "results": {}}
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else nothing


def exists(test: str) -> bool:
    """Whether the test that a proof names is there."""
    file, _, name = test.partition("::")
    path = ROOT / file
    return path.exists() and f"\ndef {name}(" in path.read_text(encoding="utf-8")
