"""Small contracts and tables for the gate; Great Expectations is imported once, because it costs seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bidui.domain.period import Period
from bidui.policy import contract_file
from bidui.policy.contract import Column, Completeness, Contract
from bidui.policy.source import read_yaml
from bidui.quality import gate
from bidui.quality.suite import Suite, load
from tests.contracts import ITEMS

INCLUDE = Path(__file__).parents[3] / "include"
PERIOD = Period.parse("2026-11")
PARAMETERS = gate.parameters(
    PERIOD, received_on=date(2026, 11, 26), data_date=date(2026, 11, 20), previous_rows=None, least_rows=1
)

Judge = Callable[..., gate.GateResult]


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401


def visits(**changes: Any) -> Contract:
    """A contract of two key columns, an ID number, a bounded count and a line number."""
    columns = (
        Column(name="line", title="序号", role="line_number"),
        Column(name="household", title="户编号", required=True, role="household_key", key_position=1),
        Column(
            name="id_no",
            title="证件号码",
            required=True,
            role="subject",
            identifier="id_number",
            key_position=2,
        ),
        Column(name="sex", title="性别", type="code", code_list="sex"),
        Column(name="months", title="月数", type="integer", minimum=0, maximum=12),
        Column(name="seen_on", title="日期", type="date"),
    )
    return Contract(
        **{
            "id": "dept.visits",
            "title": "走访",
            "version": "1.0.0",
            "party": "dept",
            "roles": ("roster",),
            "cadence": "month",
            "clauses": ("X-01",),
            **ITEMS,
            "columns": columns,
            "hash": "0",
            "file": "visits.yaml",
            "complete_if": Completeness(),
            **changes,
        }
    )


def table(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of (line, household, id_no, sex, months, seen_on), numbered from 4 as under three header rows."""
    frame = pd.DataFrame(
        rows,
        columns=["line", "household", "id_no", "sex", "months", "seen_on"],
        dtype="object",
        index=range(4, 4 + len(rows)),
    )
    return frame.assign(id_no__number=frame["id_no"].str.upper())


def suite(*expectations: dict[str, Any]) -> Suite:
    """A suite that was not read from a file."""
    return Suite(name="dept.visits", expectations=expectations, hash="0", file="visits.yaml")  # type: ignore[arg-type]


def expect(kind: str, rule: str, effect: str = "note", **kwargs: Any) -> dict[str, Any]:
    """One expectation in the shape of the file."""
    severity = {"note": "warning", "warn": "warning"}.get(effect, "critical")
    meta = {"rule": rule, "issue": f"{rule}_failed", "effect": effect, "title": "应当如此"}
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": meta}


def found(result: gate.GateResult) -> set[tuple[int, str]]:
    """Row number and issue code of everything the gate says about rows."""
    return set(zip(result.row_issues["row"], result.row_issues["code"], strict=True))


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Judge rows, given as dicts of the columns that matter, by the policy's contract and suite."""

    def run(dataset: str, rows: list[dict[str, Any]], **parameters: Any) -> gate.GateResult:
        party, name = dataset.split(".")
        contract = contract_file.read(read_yaml(INCLUDE / "catalogue" / party / f"{name}.yaml", INCLUDE))
        own = load(INCLUDE / "expectations" / f"{dataset}.yaml", INCLUDE)
        names = [*(c.name for c in contract.columns), *contract.derived]
        frame = pd.DataFrame(rows, columns=names, dtype="object")
        frame.index = pd.RangeIndex(4, 4 + len(rows))
        return gate.check(frame, contract, own, parameters={**PARAMETERS, **parameters}, exclude_rows=frozenset())

    return run
