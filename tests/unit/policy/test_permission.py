"""What agreements let be done, and what is told of a rule or a recipe that they stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bidui.pipeline.check import check
from bidui.policy import permission
from bidui.policy.agreement import Agreement
from bidui.policy.policy_set import PolicySet

Spoil = Callable[[str, str, str], int]
DAY = date(2026, 11, 30)
TOWN = "990821101"


def other(policy: PolicySet, party: str, **changes: Any) -> Agreement:
    """A party's agreement that says something else."""
    return policy.agreements[party].model_copy(update=changes)


def told(include: Path, profile: str = "demo") -> list[str]:
    return [str(fault) for fault in check(include, profile)[1]]


# --- what is sent --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("recipe", "party", "region", "changes", "reason"),
    [
        ("town_visits", "town", TOWN, {}, None),
        ("town_visits", "town", TOWN, {"uses": ("reporting",)}, permission.PURPOSE),
        ("reminder", "town", TOWN, {"uses": ("reporting",)}, permission.PURPOSE),
        ("town_visits", "town", TOWN, {"may": {"statistics": "all"}}, permission.PERMISSION),
        ("reminder", "town", TOWN, {"may": {}}, None),
        ("town_visits", "town", TOWN, {"valid_to": date(2026, 11, 29)}, permission.LAPSED),
        ("reminder", "town", TOWN, {"valid_to": date(2026, 11, 29)}, permission.LAPSED),
        ("town_visits", "town", TOWN, {"valid_to": DAY}, None),
        ("refusal", "town", TOWN, {"valid_to": date(2026, 11, 29)}, None),
        ("quarterly_bulletin", "town", None, {}, None),
        ("quarterly_bulletin", "town", None, {"may": {"statistics": "own"}}, permission.REGION),
        ("agency_findings", "civil", None, {"may": {"query": "own"}}, None),
        ("agency_findings", "civil", None, {"may": {"statistics": "all"}}, permission.PERMISSION),
    ],
)
def test_a_recipe_is_sent_as_the_agreement_says(
    policy: PolicySet, recipe: str, party: str, region: str | None, changes: dict[str, Any], reason: str | None
) -> None:
    made = other(policy, party, **changes)
    assert permission.withheld(made, policy.recipes[recipe], region, DAY) == reason


# --- what is read --------------------------------------------------------------------------------------------------
def test_a_dataset_is_closed_to_uses_that_its_giver_does_not_name(policy: PolicySet) -> None:
    def closed(policy: PolicySet, use: str, dataset: str) -> list[str]:
        return [made.party for made in permission.closed(policy, use, dataset)]

    assert closed(policy, "monitoring", "disabled.certificate") == []
    assert closed(policy, "authorised_check", "disabled.certificate") == ["disabled"]
    assert closed(policy, "authorised_check", "hub.register") == ["hub"]  # as what it is derived from
    made = policy.agreements["disabled"]
    only = tuple(p.model_copy(update={"uses": ("reporting",)}) for p in made.provides)
    narrower = replace(policy, agreements={**policy.agreements, "disabled": other(policy, "disabled", provides=only)})
    assert closed(narrower, "monitoring", "disabled.certificate") == ["disabled"]
    assert closed(narrower, "reporting", "disabled.certificate") == []


def test_what_is_given_by_authorisation_serves_nothing_else(include: Path) -> None:
    """Checks of assets are for the application that they were authorised for; relief serves assistance, too."""
    policy = check(include, "shiquan")[0]
    assert policy is not None
    checks = policy.in_role("asset")
    assert len(checks) == 4
    assert all(permission.closed(policy, "monitoring", dataset) for dataset in checks)
    assert not any(permission.closed(policy, "authorised_check", dataset) for dataset in checks)
    assert not permission.closed(policy, "assistance", "civil.temp_relief")


# --- what policy check says ----------------------------------------------------------------------------------------
FROZEN = ("use: authorised_check is not what {} gives {} for (monitoring, assistance, reporting): the rule is frozen;"
          " add the use to the agreement, or take the rule out of the profile")  # fmt: skip
UNSHOWN = ("use: authorised_check is not what hub gives hub.register for (monitoring, assistance, reporting): report {}"
           " shows nothing of it; add the use to the agreement, or take the read out")  # fmt: skip
UNGRANTED = "receives: {} is never sent: the agreement does not grant statistics; add it to may, or take the recipe out"
MISTAKES = [
    # what is wrong, file, what stands there, what is written instead; what is said: file, a word of the line, what
    ("use for which nothing is given", "sql/screen/newly_disabled.sql", "use: monitoring", "use: authorised_check",
     [("sql/screen/newly_disabled.sql", "use:", FROZEN.format("hub", "hub.register")),
      ("sql/screen/newly_disabled.sql", "use:", FROZEN.format("disabled", "disabled.certificate"))]),
    ("report for which nothing is given", "deliveries/town_visits.yaml", "use: monitoring", "use: authorised_check",
     [("deliveries/town_visits.yaml", "use:", UNSHOWN.format("town_visits")),
      ("deliveries/town_visits.yaml", "use:", UNSHOWN.format("town_visit_rows"))]),
    ("recipe of another use", "deliveries/monthly_report.yaml", "use: reporting", "use: assistance",
     [("agreements/bureau.yaml", "monthly_report", "receives: monthly_report is never sent: its use assistance is not"
       " among the agreement's uses; add it there, or take the recipe out")]),
    ("permission that is not granted", "agreements/bureau.yaml", "may: {query: all, statistics: all}",
     "may: {query: all}",
     [("agreements/bureau.yaml", "monthly_report", UNGRANTED.format("monthly_report")),
      ("agreements/bureau.yaml", "quarterly_bulletin", UNGRANTED.format("quarterly_bulletin"))]),
    ("figures of all for one who may see its own", "agreements/town.yaml", "statistics: all", "statistics: own",
     [("agreements/town.yaml", "quarterly_bulletin", "receives: quarterly_bulletin is never sent: it goes to all alike,"
       " and statistics is granted for the own region only; take the recipe out")]),
    ("misspelt column", "agreements/town.yaml", "town_visits,", "{town_visits: [lead_no, household_no,\n vilage]},",
     [("agreements/town.yaml", "vilage",
       "receives: town_visits: column vilage does not exist; did you mean village?")]),
    ("column that rows are known by", "agreements/town.yaml", "town_visits,", "{town_visits: [lead_no, village]},",
     [("agreements/town.yaml", "{town_visits",
       "receives: town_visits: rows are known by column household_no; add it")]),
    ("columns of what has no workbook", "agreements/town.yaml", "reminder,", "{reminder: [lead_no]},",
     [("agreements/town.yaml", "{reminder", "receives: reminder has no workbook; name no columns")]),
    ("use that the agreement has not", "agreements/disabled.yaml", "    sealing: [password_workbook]\n",
     "    sealing: [password_workbook]\n    uses: [monitorin]\n",
     [("agreements/disabled.yaml", "uses: [monitorin]",
       "disabled.certificate: uses: monitorin does not exist; did you mean monitoring?")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_it_is_told_with_file_line_and_what_to_do(
    include: Path, spoil: Spoil, file: str, old: str, new: str, says: list[tuple[str, str, str]]
) -> None:
    spoil(file, old, new)
    assert told(include) == sorted(f"{where}:{line_of(include / where, word)}: {said}" for where, word, said in says)


def line_of(file: Path, word: str) -> int:
    return next(n for n, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if word in text)


def test_a_sheet_for_one_region_says_where_each_row_lies(include: Path) -> None:
    file = include / "templates" / "town_visits.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(", reveal: region", ""), encoding="utf-8")
    assert told(include) == [
        f"templates/town_visits.yaml:{line_of(file, 'key: visits')}: sheet visits: no column with reveal: region,"
        " and town may see its own region only (town_visits); add one"
    ]
