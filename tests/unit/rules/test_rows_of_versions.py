"""One shape over the tables of several versions: what stands where, and what is empty where it is not."""

from __future__ import annotations

import pytest

from bidui.policy.contract import Column, Contract
from bidui.rules import versions
from tests.contracts import ITEMS


def contract(version: str, **types: str) -> Contract:
    columns = tuple(Column.model_validate({"name": name, "title": name, "type": kind}) for name, kind in types.items())
    return Contract(
        id="agency.roster", title="名册", version=version, party="agency", roles=("roster",), cadence="month",
        clauses=(), columns=columns, hash=version, file="", **ITEMS,
    )  # fmt: skip


FIRST = contract("1.0.0", note="text", days="integer")
WIDER = contract("1.1.0", note="text", days="integer", sum="decimal")
OTHER = contract("2.0.0", note="text", days="decimal", paid="date")
ALL = (FIRST, WIDER, OTHER)


def own(columns: dict[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in columns.items() if name in {"note", "days", "sum", "paid"}}


def test_a_rule_sees_every_column_with_the_type_of_the_version_named_first() -> None:
    found = versions.columns((OTHER, FIRST, WIDER))
    assert own(found) == {"note": "text", "days": "numeric", "paid": "date", "sum": "numeric"}
    assert found["submission_id"] == "bigint"


@pytest.mark.parametrize(
    ("received", "there"),
    [
        (["1.0.0"], {"agency__roster": {"note", "days"}}),
        (["1.0.0", "1.1.0"], {"agency__roster": {"note", "days", "sum"}}),
        (["2.0.0", "1.0.0"], {"agency__roster": {"note", "days"}, "agency__roster__v2": {"note", "days", "paid"}}),
        (["1.0.7"], {"agency__roster": {"note", "days", "sum"}}),  # a version from before the first release
        ([], {"agency__roster__v2": {"note", "days", "paid"}}),
    ],
)
def test_rows_stand_in_the_tables_of_the_versions_that_they_came_under(
    received: list[str], there: dict[str, set[str]]
) -> None:
    found = versions.tables(OTHER, ALL, received)
    assert {table: set(own(columns)) for table, columns in found.items()} == there


@pytest.mark.parametrize(
    ("wanted", "has", "said"),
    [
        ("text", "text", 'd."x"'),
        ("text", None, 'CAST(NULL AS text) AS "x"'),
        ("numeric", "bigint", 'CAST(d."x" AS numeric) AS "x"'),
        ("text", "date", 'CAST(d."x" AS text) AS "x"'),
        ("text", "text[]", 'CAST(NULL AS text) AS "x"'),
        ("date", "text", 'CAST(NULL AS date) AS "x"'),
        ("bigint", "numeric", 'CAST(NULL AS bigint) AS "x"'),
    ],
)
def test_a_value_is_shown_where_none_can_be_lost(wanted: str, has: str | None, said: str) -> None:
    assert list(versions.shown({"x": wanted}, {"x": has} if has else {})) == [said]
