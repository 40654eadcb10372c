"""Which rows of a sheet an office may see: of its own region, unless its agreement says otherwise (SQ-09)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bidui.delivery.template import SheetTemplate, load_workbook
from bidui.pipeline.recipients import Recipient
from bidui.pipeline.withhold import own_rows
from bidui.policy.policy_set import PolicySet

TOWN, VILLAGE, NEXT = "990821101", "990821101201", "990821102"
ROWS = [
    {"lead_no": "own village", "town": TOWN, "village": VILLAGE},
    {"lead_no": "own town", "town": TOWN, "village": None},
    {"lead_no": "next town", "town": NEXT, "village": None},
    {"lead_no": "village of another town", "town": NEXT, "village": VILLAGE},
    {"lead_no": "whole county", "town": "990821", "village": None},
    {"lead_no": "nowhere", "town": None, "village": None},
    {"lead_no": "no such place", "town": "990899999", "village": None},
]


@pytest.fixture
def sheet(policy: PolicySet) -> SheetTemplate:
    return load_workbook(policy.include / "templates" / "town_visits.yaml").sheets[0]


def kept(
    policy: PolicySet, sheet: SheetTemplate, recipe: str = "town_visits", recipient: Recipient | None = None
) -> list[Any]:
    to = recipient or Recipient("town", TOWN)
    return [row["lead_no"] for row in own_rows(policy, policy.recipes[recipe], to, sheet, ROWS)]


def test_a_row_names_a_place_in_the_own_region_and_none_elsewhere(policy: PolicySet, sheet: SheetTemplate) -> None:
    assert kept(policy, sheet) == ["own village", "own town"]
    assert kept(policy, sheet, recipient=Recipient("town", NEXT)) == ["next town"]


def test_a_sheet_that_shows_no_place_shows_nothing(policy: PolicySet, sheet: SheetTemplate) -> None:
    placeless = sheet.model_copy(update={"columns": tuple(c for c in sheet.columns if c.reveal != "region")})
    assert kept(policy, placeless) == []


def test_whoever_may_see_all_sees_all(policy: PolicySet, sheet: SheetTemplate) -> None:
    everything = [row["lead_no"] for row in ROWS]
    assert kept(policy, sheet, recipient=Recipient("civil")) == everything
    made = policy.agreements["town"]
    wider = made.model_copy(update={"may": {**made.may, "query": "all"}})
    assert kept(replace(policy, agreements={**policy.agreements, "town": wider}), sheet) == everything


def test_what_shows_no_data_is_not_cut(policy: PolicySet, sheet: SheetTemplate) -> None:
    """A receipt speaks of the file that the sender has handed in."""
    assert len(kept(policy, sheet, recipe="receipt")) == len(ROWS)
