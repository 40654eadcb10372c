"""One call of Great Expectations on one frame, made to fail closed.

Left alone it drops expectations of unknown type from a suite, keeps the configured severity when a rule
could not run, groups its results by column and writes values into results and logs. Here every expectation
is accounted for by its rule id, nothing but row numbers and counts comes back, and whatever could not run
is a failure.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from bidui.quality.suite import Expectation

ROW = "row__number"
"""Column of the batch that carries the row number."""

_COUNTS = ("element_count", "unexpected_count", "missing_count")
_FORMAT = {
    "result_format": "COMPLETE", "unexpected_index_column_names": [ROW], "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
}  # fmt: skip


class GateError(RuntimeError):
    """The gate could not judge. The text holds names of policy and of exception classes, never a value."""


@dataclass(frozen=True)
class Outcome:
    """What one expectation found."""

    success: bool
    rows: tuple[int, ...]
    """Row numbers that fail it; empty for an expectation about the table."""
    counts: dict[str, int]
    could_run: bool


def run(frame: pd.DataFrame, expectations: Sequence[Expectation], parameters: Mapping[str, Any]) -> dict[str, Outcome]:
    """Judge ``frame`` (with column ``ROW``): rule id → outcome, complete, or GateError."""
    if not expectations:
        return {}
    try:
        results = _validate(frame, expectations, parameters)
    except GateError:
        raise
    except Exception as error:  # any text of it may hold a value
        raise GateError(type(error).__name__) from None
    found = [(str(r.expectation_config.meta["rule"]), _outcome(r)) for r in results]
    missing = {e.meta.rule for e in expectations} ^ {rule for rule, _ in found}
    if missing or len(found) != len(expectations):
        raise GateError(f"results do not match the suite: {', '.join(sorted(missing))}")
    return dict(found)


def library() -> Any:
    """Great Expectations itself, imported and silent; the first call costs seconds."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    _silence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: PLC0415 - late, since it costs seconds

        import bidui.quality.expectations  # noqa: F401, PLC0415 - registers our own
    _silence()
    return great_expectations


def _validate(frame: pd.DataFrame, expectations: Sequence[Expectation], parameters: Mapping[str, Any]) -> Iterable[Any]:
    gx = library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        stated = [_comparable(e.model_dump(exclude={"description"})) for e in expectations]
        suite = gx.ExpectationSuite(name="gate", expectations=stated)
        kept = {str((e.meta or {}).get("rule")) for e in suite.expectations}
        if dropped := {e.meta.rule for e in expectations} - kept:
            raise GateError(f"Great Expectations does not know the type of: {', '.join(sorted(dropped))}")
        asset = context.data_sources.add_pandas("frame").add_dataframe_asset("package")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        return batch.validate(suite, result_format=_FORMAT, expectation_parameters=_comparable(parameters)).results


def _comparable(value: Any) -> Any:
    """Great Expectations cannot compare a plain date with a column of timestamps."""
    if isinstance(value, Mapping):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(inner) for inner in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day, not a moment
    return value


def _silence() -> None:
    """Turn off its loggers, before the import and after it: some set a level of their own."""
    for name in ("great_expectations", *logging.root.manager.loggerDict):
        if name.split(".", 1)[0] == "great_expectations":
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _outcome(result: Any) -> Outcome:
    found = result.result or {}
    rows = tuple(sorted(_rows(found.get("unexpected_index_list") or ())))
    counts = {name: int(found[name]) for name in _COUNTS if found.get(name) is not None}
    if result.expectation_config.type == "expect_table_row_count_to_be_between" and "observed_value" in found:
        counts["rows"] = int(found["observed_value"])
    could_run = bool(found) and not _raised(result.exception_info) and len(rows) == counts.get("unexpected_count", 0)
    return Outcome(bool(result.success), rows, counts, could_run)


def _rows(listed: Iterable[Mapping[str, Any]]) -> Iterable[int]:
    for entry in listed:
        numbers = entry[ROW]
        yield from (int(n) for n in (numbers if isinstance(numbers, list | tuple) else [numbers]))


def _raised(info: Any) -> bool:
    """Whether anything was raised: the flag stands at the top, or once per metric."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return True
