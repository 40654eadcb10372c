"""Keeping back what an agreement does not let be sent, and putting on record what was kept back (SQ-09, QA-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bidui.delivery.template import SheetTemplate
from bidui.pipeline.recipients import Recipient
from bidui.policy import permission
from bidui.policy.policy_set import PolicySet
from bidui.policy.recipe import Recipe
from bidui.store import ledger, tables


def own_rows(
    policy: PolicySet, recipe: Recipe, recipient: Recipient, sheet: SheetTemplate, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of a sheet that the recipient may see.

    Where it may see its own region only, each row has to name a place in it, in a column that is shown as a region, and
    none elsewhere: a report that forgets to ask for the recipient's region shows nothing of the others.
    """
    made = policy.agreements.get(recipient.party)
    if made is None or not permission.confined(made, recipe):
        return list(rows)
    columns = [column.key for column in sheet.columns if column.reveal == "region"]
    named = [_places(row, columns) for row in rows]
    above = {code: policy.region_above(code, made.level or "") for codes in named for code in codes}
    return [
        row for row, codes in zip(rows, named, strict=True) if {above[code] for code in codes} == {recipient.region}
    ]


def _places(row: Mapping[str, Any], columns: Sequence[str]) -> set[str]:
    return {row[column] for column in columns if row.get(column)}


def record(
    connection: Connection, policy: PolicySet, recipe: Recipe, recipient: Recipient, period: str, subject_key: str,
    as_of: datetime, code: permission.Withheld, *, sheet: str = "", rows: int | None = None,
) -> None:  # fmt: skip
    """Put on record, once, that a delivery was not made for a recipient, or what ``rows`` of its sheet were cut."""
    ledger.record_new(connection, tables.withheld, {
        "hub": policy.hub, "recipe": recipe.id, "recipient": recipient.key, "period": period,
        "subject_key": subject_key, "sheet": sheet, "code": code, "rows": rows, "policy_hash": policy.hash,
        "recorded_as_of": as_of,
    })  # fmt: skip
