"""Expectation suites: hand-edited files in Great Expectations' own shape, and what a contract compiles to.

A suite says what the contract cannot. Required columns, code lists, bounds, the business key and
completeness are stated once, in the contract, and compiled here; ``restated`` refuses a suite that says
them again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from bidui.domain.keys import digest
from bidui.policy.contract import Column, Contract, Frozen
from bidui.policy.source import PolicyError, read_yaml

RowEffect = Literal["quarantine", "note"]
TableEffect = Literal["refuse", "warn"]

PARAMETERS = frozenset(
    {"period_first_day", "period_last_day", "period_year", "data_date", "received_on", "previous_rows", "least_rows"}
)
"""What ``{$PARAMETER: …}`` may name; ``gate.parameters`` makes them all."""

HOUSEHOLD_COMPLETE = "household__complete"
"""Column that the gate adds: no row of this household was set aside, so the household can be judged."""

_NAME = re.compile(r"[A-Za-z_]\w*")
_SEVERITIES = {
    "quarantine": ("critical",),
    "refuse": ("critical",),
    "warn": ("warning",),
    "note": ("info", "warning"),
}


class Meta(Frozen):
    """What bidui does with a row or table that fails."""

    rule: str
    """Id of the expectation; results are found by it, never by position."""
    issue: str
    """Code of the row issue (``dictionary/row_issue.csv``)."""
    effect: Literal["quarantine", "note", "refuse", "warn"]
    """For rows: set aside, or only recorded. For the table: refuse the file, or warn."""
    title: str
    """What is expected, in Chinese."""
    column: str | None = None
    """Column to point at, when it is not the first one that the expectation names."""


class Expectation(Frozen):
    """One expectation, as Great Expectations takes it."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    meta: Meta
    description: str = ""

    @field_validator("kwargs")
    @classmethod
    def _known_parameters(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(_parameters_in(kwargs)) - PARAMETERS):
            raise ValueError(f"unknown parameters: {', '.join(unknown)}")
        return kwargs

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.severity not in _SEVERITIES[self.meta.effect]:
            raise ValueError(f"effect {self.meta.effect} has severity {' or '.join(_SEVERITIES[self.meta.effect])}")
        if self.on_rows and "mostly" in self.kwargs:
            raise ValueError("mostly belongs to the whole table: effect refuse or warn")
        return self

    @property
    def on_rows(self) -> bool:
        """Whether failing rows are issues of their own; else the table as a whole is judged."""
        return self.meta.effect in ("quarantine", "note")

    @property
    def subjects(self) -> tuple[str, ...]:
        """The columns it judges, in its own order."""
        named = [self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs]
        return (*named, *self.kwargs.get("column_list", ()))

    @property
    def columns(self) -> frozenset[str]:
        """Every column that it reads, those of its row condition too."""
        return frozenset(self.subjects) | frozenset(_condition_columns(self.kwargs.get("row_condition")))

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters that it names."""
        return frozenset(_parameters_in(self.kwargs))

    @property
    def points_at(self) -> str | None:
        """The contract's column that its issues are reported at."""
        named = self.meta.column or next(iter(self.subjects), None)
        return named and named.split("__", 1)[0]


class Suite(Frozen):
    """The expectations of one dataset."""

    name: str
    expectations: tuple[Expectation, ...]
    hash: str
    file: str

    @model_validator(mode="after")
    def _rules_once(self) -> Self:
        rules = [e.meta.rule for e in self.expectations]
        if twice := sorted({rule for rule in rules if rules.count(rule) > 1}):
            raise ValueError(f"rule stated twice: {', '.join(twice)}")
        return self


def load(path: Path, include: Path) -> Suite:
    """The suite in ``path``; PolicyError names file and line of every unknown key or impossible value."""
    source = read_yaml(path, include)
    if not isinstance(source.data, Mapping):
        raise PolicyError([source.fault("expected a mapping")])
    if claimed := {"hash", "file"} & source.data.keys():
        raise PolicyError([source.fault(f"{', '.join(sorted(claimed))}: not to be stated")])
    suite = source.as_model(Suite, hash=digest(source.plain()), file=source.file)
    if suite.name != path.stem:
        raise PolicyError([source.fault(f"name must be {path.stem}, as the file is called", ["name"])])
    return suite


def of_dataset(dataset: str, include: Path) -> Suite:
    """The suite of a dataset; an empty one where nobody wrote any, for the contract's own checks always hold.

    Raises:
        PolicyError: as for `load`.
    """
    path = include / "expectations" / f"{dataset}.yaml"
    if path.exists():
        return load(path, include)
    return Suite(name=dataset, expectations=(), hash=digest([]), file=str(path.relative_to(include)))


def compile_contract(contract: Contract, codes: Mapping[str, Collection[str]] | None = None) -> tuple[Expectation, ...]:
    """What the contract says of its normalised rows, for the rows that the intake let pass.

    Required, code list and bounds were judged while reading; saying them again here keeps out what slipped
    through. ``codes`` (code list → its codes) states the sets; without it they are left to the intake.
    """
    return (*_of_columns(contract, codes or {}), *_of_key(contract), *_of_row_count(contract))


def restated(suite: Suite, contract: Contract) -> list[str]:
    """Complaints about expectations that repeat the contract; a row condition or ``mostly`` says more."""
    lists = {c.code_list: ("",) for c in contract.columns if c.code_list}
    compiled = {(e.type, frozenset(e.subjects)): e.meta.rule for e in compile_contract(contract, lists)}
    return [
        f"{suite.file}: {e.meta.rule} repeats {compiled[e.type, frozenset(e.subjects)]} of the contract"
        for e in suite.expectations
        if not {"row_condition", "mostly"} & e.kwargs.keys()
        and (e.type, frozenset(e.subjects)) in compiled
        and "previous_rows" not in e.parameters
    ]


def within(suite: Suite, contract: Contract, versions: Iterable[Contract]) -> Suite:
    """The suite for rows under this version of the contract: without what is about columns of other versions only."""
    elsewhere = frozenset().union(*map(_provided, versions)) - _provided(contract)
    kept = tuple(e for e in suite.expectations if not e.columns & elsewhere)
    return suite.model_copy(update={"expectations": kept})


def _provided(contract: Contract) -> frozenset[str]:
    """The columns of the contract, the intake and the gate."""
    apart = [HOUSEHOLD_COMPLETE] if contract.column("household_key") else []
    return frozenset([*(c.name for c in contract.columns), *contract.derived, *apart])


def unknown_columns(suite: Suite, *versions: Contract) -> list[str]:
    """Complaints about columns that no version of the contract, neither the intake nor the gate provides."""
    known = frozenset().union(*map(_provided, versions))
    return [
        f"{suite.file}: {e.meta.rule} reads unknown columns: {', '.join(sorted(e.columns - known))}"
        for e in suite.expectations
        if e.columns - known
    ]


def undeclared_issues(suite: Suite, codes: Collection[str]) -> list[str]:
    """Complaints about issue codes that are not in the closed list ``codes``."""
    return [
        f"{suite.file}: {e.meta.rule} raises the undeclared issue {e.meta.issue}"
        for e in suite.expectations
        if e.meta.issue not in codes
    ]


def key_column(column: Column) -> str:
    """Name of the gate's column for one part of the key: an ID number is compared as mended."""
    return f"{column.name}__key" if column.identifier == "id_number" else column.name


def _of_columns(contract: Contract, codes: Mapping[str, Collection[str]]) -> Iterator[Expectation]:
    for c in contract.columns:
        listing = codes.get(c.code_list or "") if c.type == "code" else None
        if c.required:
            kind = "expect_column_values_to_not_be_null"
            yield _stated(f"contract.required.{c.name}", kind, "required_missing", f"{c.title}必填", {"column": c.name})
        if c.minimum is not None or c.maximum is not None:
            kind = "expect_column_values_to_be_between"
            bounds = {"column": c.name, "min_value": c.minimum, "max_value": c.maximum}
            yield _stated(f"contract.range.{c.name}", kind, "out_of_range", f"{c.title}在允许范围内", bounds)
        if listing is not None:
            kind = "expect_column_values_to_be_in_set"
            listed = {"column": c.name, "value_set": sorted(listing)}
            yield _stated(f"contract.codes.{c.name}", kind, "value_not_in_list", f"{c.title}在代码表内", listed)


def _of_key(contract: Contract) -> Iterator[Expectation]:
    names = [key_column(c) for c in contract.key]
    title = "业务主键在本文件内不重复"
    if len(names) == 1:
        kind = "expect_column_values_to_be_unique"
        yield _stated("contract.key", kind, "duplicate_conflict", title, {"column": names[0]})
    elif names:
        kind = "expect_compound_columns_to_be_unique"
        stated = {"column_list": names, "ignore_row_if": "any_value_is_missing"}
        yield _stated("contract.key", kind, "duplicate_conflict", title, stated)


def _of_row_count(contract: Contract) -> Iterator[Expectation]:
    bound = contract.complete_if
    kind = "expect_table_row_count_to_be_between"
    low = {"min_value": {"$PARAMETER": "least_rows"}}
    yield _stated("contract.rows.minimum", kind, "rows_too_few", "行数不低于下限", low, "warn")
    if bound.maximum_change is not None:
        # Great Expectations cuts the bounds of a row count down to whole numbers: round the lower one up.
        bounds = {
            "min_value": {"$PARAMETER": f"previous_rows * {1 - bound.maximum_change:g} + 0.999999"},
            "max_value": {"$PARAMETER": f"previous_rows * {1 + bound.maximum_change:g} + 0.000001"},
        }
        title = "与上期相比行数变化在约定幅度内"
        yield _stated("contract.rows.change", kind, "rows_changed", title, bounds, "warn")


def _stated(
    rule: str,
    kind: str,
    issue: str,
    title: str,
    kwargs: dict[str, Any],
    effect: Literal["quarantine", "warn"] = "quarantine",
) -> Expectation:
    severity: Literal["critical", "warning"] = "critical" if effect == "quarantine" else "warning"
    meta = Meta(rule=rule, issue=issue, effect=effect, title=title)
    return Expectation(type=kind, kwargs=kwargs, severity=severity, meta=meta)


def _parameters_in(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "$PARAMETER" in node:
            yield from _NAME.findall(str(node["$PARAMETER"]))
        for value in node.values():
            yield from _parameters_in(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _parameters_in(value)


def _condition_columns(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("column"), Mapping):
            yield str(node["column"].get("name"))
        for value in node.values():
            yield from _condition_columns(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _condition_columns(value)
