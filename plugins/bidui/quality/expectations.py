"""Expectations that Great Expectations lacks. Importing this module registers them; ``engine`` does so."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import ColumnPairMapMetricProvider
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)


class OneMarkedRowPerGroup(ColumnPairMapMetricProvider):
    """Rows to look at where a group (A) has not exactly one row whose B is ``marker``.

    With none, its first row; with several, those several.
    """

    condition_metric_name = "column_pair_values.one_marked_row_per_group"
    condition_value_keys = ("marker",)

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, marker: str, **_: Any) -> pd.Series:  # noqa: N803, N805
        marked = column_B == marker
        count = marked.groupby(column_A).transform("sum")
        return ~(((count == 0) & ~column_A.duplicated()) | ((count > 1) & marked))


class ExpectOneMarkedRowPerGroup(ColumnPairMapExpectation):
    """Every group (column_A) has exactly one row whose column_B is ``marker``: one head per household."""

    marker: str
    ignore_row_if: str = "either_value_is_missing"
    map_metric: ClassVar[str] = "column_pair_values.one_marked_row_per_group"
    success_keys: ClassVar[tuple[str, ...]] = ("marker", "ignore_row_if", "mostly")


class GroupsAgree(ColumnPairMapMetricProvider):
    """Rows whose B differs from that of the first row of their group (A)."""

    condition_metric_name = "column_pair_values.groups_agree"

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: N803, N805
        return column_B == column_B.groupby(column_A).transform("first")


class ExpectGroupsToAgree(ColumnPairMapExpectation):
    """All rows of a group (column_A) say the same in column_B: one household, one village, for example."""

    ignore_row_if: str = "either_value_is_missing"
    map_metric: ClassVar[str] = "column_pair_values.groups_agree"
    success_keys: ClassVar[tuple[str, ...]] = ("ignore_row_if", "mostly")
