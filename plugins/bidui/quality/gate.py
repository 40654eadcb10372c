"""The gate of one package: the contract's own checks and the suite's, as row issues and table issues.

It fails closed: an expectation that was dropped, could not run or lacks a parameter refuses the file with
``gate_error``. What leaves here are row numbers, column names, codes and counts; never a value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from bidui.domain.period import Period
from bidui.policy.contract import Contract
from bidui.quality import duplicates, engine
from bidui.quality.engine import GateError, Outcome
from bidui.quality.suite import HOUSEHOLD_COMPLETE, Expectation, Suite, TableEffect, compile_contract

GATE_ERROR = "gate_error"
_ISSUE_COLUMNS = ["row", "column", "code", "effect", "rule"]
_DATE_TYPES = ("date", "month")
_NUMBER_TYPES = ("integer", "decimal")
_DERIVED_TYPES = {"birth": "date", "count": "integer"}
"""Of `Contract.derived`, by what follows ``__``; the others are text."""


class TableIssue(NamedTuple):
    """The file as a whole fails an expectation. ``counts`` are how many, never what."""

    rule: str
    code: str
    effect: TableEffect
    counts: dict[str, int]


@dataclass(frozen=True)
class GateResult:
    """What the gate found."""

    row_issues: pd.DataFrame
    """One line per row and failed expectation: row, column, code, effect (quarantine | note), rule."""
    table_issues: tuple[TableIssue, ...]
    refused: bool
    not_applicable: tuple[str, ...] = ()
    """Rules left out because a parameter has no value: no previous submission, no data date."""
    reason: str = ""
    """Why the gate itself failed: names from the policy and exception classes only."""

    @property
    def quarantined(self) -> frozenset[int]:
        """Rows that the gate sets aside, beyond those that it was told to leave out."""
        return frozenset(self.row_issues.loc[self.row_issues["effect"] == "quarantine", "row"])


def parameters(
    period: Period, *, received_on: date, data_date: date | None, previous_rows: int | None, least_rows: int
) -> dict[str, date | int | None]:
    """Every parameter that a suite may name; with ``None`` for it, a rule does not apply.

    ``least_rows``: how many rows make a whole file at this hub (`PolicySet.least_rows`).
    """
    return {
        "period_first_day": period.first_day, "period_last_day": period.last_day, "period_year": period.year,
        "received_on": received_on, "data_date": data_date, "previous_rows": previous_rows, "least_rows": least_rows,
    }  # fmt: skip


def check(
    frame: pd.DataFrame,
    contract: Contract,
    suite: Suite,
    *,
    parameters: Mapping[str, Any],
    exclude_rows: AbstractSet[int],
    codes: Mapping[str, Collection[str]] | None = None,
    whole: bool = True,
) -> GateResult:
    """Judge the normalised rows of one package.

    ``frame`` is indexed by the row number in the file and holds the contract's columns and the facts
    derived from ID numbers. ``exclude_rows`` were set aside while reading: they are not judged, and count
    only towards the share of rows set aside. ``parameters`` come from ``gate.parameters``; ``codes`` (code
    list → codes) has the code lists asserted again. An amendment is
    not ``whole``: it holds the changed rows only, so neither the table nor a household is judged.
    """
    keyed = duplicates.with_keys(frame, contract)
    passed = keyed[~keyed.index.isin(exclude_rows)]
    twice = duplicates.find(passed, contract)
    passed = passed[~passed.index.isin(twice)]
    lost = set(exclude_rows) | {row for row, code in twice.items() if code == duplicates.CONFLICT}
    stated = (*compile_contract(contract, codes), *suite.expectations)
    if not whole:
        stated = tuple(e for e in stated if e.on_rows)
    none = {name for name, value in parameters.items() if value is None}
    asked = [e for e in stated if not e.parameters & none]
    issues = _of_duplicates(twice, contract)
    left_out = tuple(e.meta.rule for e in stated if e.parameters & none)
    try:
        lost_rows = keyed[keyed.index.isin(lost)] if whole else keyed
        batch = _batch(passed, lost_rows, contract, asked)
        found = engine.run(batch, asked, {name: v for name, v in parameters.items() if v is not None})
    except GateError as error:
        refusal = TableIssue(GATE_ERROR, GATE_ERROR, "refuse", {})
        return GateResult(_table(issues), (refusal,), refused=True, not_applicable=left_out, reason=str(error))
    table_issues: list[TableIssue] = []
    for e in asked:
        _judge(e, found[e.meta.rule], issues, table_issues)
    rows = _table(issues)
    aside = set(exclude_rows) | set(rows.loc[rows["effect"] == "quarantine", "row"])
    if whole:
        table_issues += _of_share(contract, len(aside), len(frame))
    refused = any(issue.effect == "refuse" for issue in table_issues)
    return GateResult(rows, tuple(table_issues), refused, left_out)


def _judge(e: Expectation, outcome: Outcome, issues: list[tuple[Any, ...]], table_issues: list[TableIssue]) -> None:
    if not outcome.could_run or (e.on_rows and not outcome.success and not outcome.rows):
        table_issues.append(TableIssue(e.meta.rule, GATE_ERROR, "refuse", {}))
    elif e.on_rows:
        issues += [(row, e.points_at, e.meta.issue, e.meta.effect, e.meta.rule) for row in outcome.rows]
    elif not outcome.success:
        effect: TableEffect = "refuse" if e.meta.effect == "refuse" else "warn"
        table_issues.append(TableIssue(e.meta.rule, e.meta.issue, effect, outcome.counts))


def _of_duplicates(twice: Mapping[int, str], contract: Contract) -> list[tuple[Any, ...]]:
    at = contract.key[-1].name if contract.key else None
    return [(row, at, code, "quarantine", "contract.key") for row, code in twice.items()]


def _of_share(contract: Contract, aside: int, rows: int) -> list[TableIssue]:
    """The share of rows set aside, which is known only when everything else is."""
    if rows and aside / rows > contract.complete_if.maximum_quarantined_share:
        counts = {"rows": rows, "quarantined": aside}
        return [TableIssue("contract.rows.quarantined", "quarantined_share_too_high", "warn", counts)]
    return []


def _table(issues: list[tuple[Any, ...]]) -> pd.DataFrame:
    table = pd.DataFrame(issues, columns=_ISSUE_COLUMNS).astype({"row": "int64"})
    return table.drop_duplicates().sort_values(["row", "rule"], kind="stable", ignore_index=True)


def _batch(passed: pd.DataFrame, lost: pd.DataFrame, contract: Contract, asked: list[Expectation]) -> pd.DataFrame:
    """Only the columns that are asked about, in the types that expectations can compare."""
    household = contract.column("household_key")
    if household is not None:
        touched = lost[household.name].dropna()
        passed = passed.assign(**{HOUSEHOLD_COMPLETE: ~passed[household.name].isin(touched)})
    names = sorted(frozenset().union(*(e.columns for e in asked)))
    if missing := [name for name in names if name not in passed]:
        raise GateError(f"columns missing from the frame: {', '.join(missing)}")
    types = {c.name: c.type for c in contract.columns}
    batch = {name: _typed(passed[name], _type(name, types)) for name in names}
    return pd.DataFrame({engine.ROW: passed.index.astype("int64"), **{n: s.to_numpy() for n, s in batch.items()}})


def _type(name: str, types: Mapping[str, str]) -> str:
    return _DERIVED_TYPES.get(name.rpartition("__")[2], types.get(name, "text"))


def _typed(values: pd.Series, kind: str) -> pd.Series:
    if kind in _DATE_TYPES:
        typed: pd.Series = pd.to_datetime(values, errors="coerce")
    elif kind in _NUMBER_TYPES:
        typed = pd.to_numeric(values, errors="coerce").astype("float64")
    else:
        return values.astype("object").where(values.notna() & (values != ""), None)
    if (typed.isna() & values.notna()).any():
        raise GateError(f"column {values.name} holds what is not of its type")
    return typed
