"""The synthetic hubs of the five profiles: a city as well as counties, and the lists of all that they share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bidui.intake.normalise import normalise
from bidui.intake.preamble import confirm
from bidui.intake.reading import read_table_bytes
from bidui.policy.loading import load
from bidui.synth import settings
from bidui.synth.hub import hub
from bidui.synth.lists import sheet
from bidui.synth.places import regions
from tests.unit.synth.made import INCLUDE, PERIODS, Made

FIVE = ("qinan", "shiquan", "huaiyuan", "eshan", "zhumadian")
DAY = date(2026, 10, 31)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("city"), 1, 0.2, PERIODS[:2], "zhumadian")


def test_people_live_in_several_counties_whose_codes_begin_their_numbers(city: Made) -> None:
    places = regions(INCLUDE, "zhumadian", hub(INCLUDE, "zhumadian").levels)
    counties = {county.code for county in places.of("county")}
    assert len(counties) == 3
    assert {person[:6] for event in city.of("event") for person in event["persons"]} == counties
    for line in city.of("expected", kind="lead"):
        members = {x["subject"] for x in city.of("expected", household=line["subject"])} - {line["subject"]}
        assert {number[:6] for number in members} <= {line["town"]}


def test_what_counties_give_comes_by_county_and_all_else_of_the_city_at_once(city: Made) -> None:
    scopes = {line["dataset"]: set() for line in city.of("rows")}
    for line in city.of("rows"):
        scopes[line["dataset"]].add(line["scope"])
    systems, levels = city.of("header")[0]["systems"], hub(INCLUDE, "zhumadian")
    counties = {r.code for r in regions(INCLUDE, "zhumadian", levels.levels).of("county")}
    assert scopes["town.self_report"] == counties
    assert all(scopes[dataset] == {None} for dataset in systems.values())
    parts = {d: set(levels.given[d].parties) for d in scopes if sheet(INCLUDE, d).by == "party"}
    assert len(parts["hub.contact_list"]) > 5
    wanted = {d: counties if levels.given[d].level else parts.get(d, {None}) for d in scopes}
    assert scopes == wanted


def test_a_lead_lies_with_its_county_and_none_with_one_that_is_quiet(city: Made) -> None:
    quiet = {code for codes in settings.settings(INCLUDE, "zhumadian")[0].quiet.values() for code in codes}
    first, second = ({line["town"] for line in city.of("visit", period=period)} for period in PERIODS[:2])
    assert first == {"990501", "990502", "990503"}
    assert second == first - quiet


@pytest.mark.parametrize("profile", FIVE)
def test_truth_s_own_thresholds_are_the_profile_s(profile: str) -> None:
    """They are stated twice on purpose; a profile that changes one has to change both."""
    found, policy = settings.settings(INCLUDE, profile)[0], load(INCLUDE, profile)
    limits, words = found.boundaries, found.statement
    names = {
        "death_removal_days": limits.death_days, "newborn_days": limits.newborn_days, "able_left": limits.able_left,
        "selfpay_month": limits.month_cost, "selfpay_year": limits.year_cost, "cost_parts_tolerance": limits.parts_off,
        "new_certificate_days": limits.certificate_new_days, "new_benefit_days": limits.benefit_new_days,
    }  # fmt: skip
    assert {name: policy.threshold(name, DAY) for name in names} == names
    lists = {"severe_levels": words.severe, "mind_categories": words.mind, "mind_levels": words.lighter}
    assert {name: frozenset(policy.threshold(name, DAY)) for name in lists} == lists


@pytest.mark.slow
@pytest.mark.parametrize("profile", FIVE)
def test_every_list_is_read_without_an_issue(profile: str, tmp_path: Path) -> None:
    policy, here = load(INCLUDE, profile), hub(INCLUDE, profile)
    made = Made(tmp_path, 1, 0.2, PERIODS[:1], profile)
    systems = made.of("header")[0]["systems"].values()
    lines = [line for line in made.of("rows") if line["dataset"] not in systems]
    assert {line["dataset"] for line in lines} == here.given.keys() - set(systems) - set(policy.in_role("outcome"))
    issues = {}
    for line in lines:
        contract = policy.contracts[line["dataset"]]
        raw = read_table_bytes((made.out / line["path"]).read_bytes(), contract)
        rows = normalise(raw, contract, policy.codes, on=DAY)
        said = confirm(raw, contract)
        issues[line["path"]] = (len(rows.issues), len(said.issues), line["read"] - len(rows.frame))
        assert bool(said.period) == bool(contract.layout.period)
        assert bool(said.data_date) == bool(contract.layout.data_date)
    assert {path: found for path, found in issues.items() if any(found)} == {}
