"""Cases of rules: small tables in, rows out, written as one YAML file per rule in ``cases/``.

A file states its ``rule`` and its ``cases``. A case has a name (``case``) and

* ``given``: a table for each alias that the rule reads. Columns are those of the typed table, and besides
  ``person``, ``household`` and ``name`` (``head_name``), whose labels stand for tokens. An empty cell is NULL. An alias
  that is not given has no submission in force; ``none`` is a submission without rows. A column ``period`` puts rows
  into the submissions of other months. The views ``signal``, ``lead`` and ``region`` are given as tables, too.
* ``submissions``: what differs from a complete, full submission of the period (or of the period before, if that is what
  the alias reads), by alias. A dataset that comes by regions has its rows in the first region's submission and nil
  reports from all others, but for those that are ``missing``.
* ``datasets``: the dataset of an alias, where the role has several and it is not the first.
* ``candidates``: whom the unsettled rows of an alias (``of``) may mean.
* ``parameters``: thresholds other than the shipped ones.
* ``at``: the measured value of each threshold, where the case lies at its boundary (within one unit of it).

and says what is found: ``expect`` (a table of the columns that matter, or ``none``), ``unknown`` (persons set apart) or
``frozen`` (why the rule cannot speak).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CASES = Path(__file__).parent / "cases"

Row = dict[str, str | None]
Table = list[Row]


@dataclass(frozen=True)
class Case:
    """One case, as its file states it; tables parsed."""

    rule: str
    case: str
    given: Mapping[str, Table]
    period: str = "2026-11"
    submissions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    candidates: Table = field(default_factory=list)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    at: Mapping[str, float] = field(default_factory=dict)
    expect: Table = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    frozen: str | None = None

    @property
    def id(self) -> str:
        """Name for pytest."""
        return f"{self.rule}: {self.case}"

    @property
    def fires(self) -> bool:
        """Whether the rule finds something."""
        return bool(self.expect)

    @property
    def stays_silent(self) -> bool:
        """Whether the rule could speak and finds nothing."""
        return not self.expect and self.frozen is None


def table(text: str) -> Table:
    """Rows of a table drawn with ``|``; the first line names the columns. ``none`` is a table without rows."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    if lines == [["none"]]:
        return []
    header, *rows = lines
    wrong = [row for row in rows if len(row) != len(header)]
    if wrong or not rows:
        raise ValueError(f"{len(header)} columns {header}, but {wrong or 'no rows'}")
    return [dict(zip(header, (cell or None for cell in row), strict=True)) for row in rows]


def read(path: Path) -> list[Case]:
    """The cases of one file; an unknown key is an error."""
    document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    made = []
    for stated in document["cases"]:
        if not {"expect", "frozen"} & stated.keys():
            raise ValueError(f"{path.name}: {stated['case']}: neither expect nor frozen")
        tables = {name: table(stated[name]) for name in ("candidates", "expect") if name in stated}
        given = {alias: table(text) for alias, text in stated["given"].items()}
        listed = {"unknown": tuple(stated.get("unknown", ()))}
        made.append(Case(rule=document["rule"], **{**stated, **tables, **listed, "given": given}))
    return made


ALL = [case for path in sorted(CASES.glob("*.yaml")) for case in read(path)]
