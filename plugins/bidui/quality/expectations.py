"""Expectations that Great Expectations lacks. Importing this module registers them; ``engine`` does so."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation, MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    MulticolumnMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)

_CENTS = 2
"""Money has no digits beyond: 0.1 + 0.2 is 0.3."""


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


class SumOfOthers(MulticolumnMapMetricProvider):
    """Rows whose first column is farther than ``tolerance`` from the sum of the others; nothing counts as 0."""

    condition_metric_name = "multicolumn_values.sum_of_others"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("tolerance",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_list: pd.DataFrame, tolerance: float, **_: Any) -> pd.Series:  # noqa: N805
        whole, parts = column_list.iloc[:, 0].fillna(0), column_list.iloc[:, 1:].fillna(0).sum(axis=1)
        return (whole - parts).abs().round(_CENTS) <= tolerance


class ExpectColumnToBeSumOfOthers(MulticolumnMapExpectation):
    """The first column of ``column_list`` is the sum of the others, give or take ``tolerance``: parts make a total."""

    tolerance: float = 0
    ignore_row_if: str = "all_values_are_missing"
    map_metric: ClassVar[str] = "multicolumn_values.sum_of_others"
    success_keys: ClassVar[tuple[str, ...]] = ("tolerance", "ignore_row_if", "mostly")
