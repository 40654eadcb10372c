"""The shipped policy: it loads, its parts find each other, and its hashes say what changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bidui.policy.loading import load
from bidui.policy.physical import definition
from bidui.policy.policy_set import PolicySet
from bidui.policy.profile import merge
from bidui.policy.source import PolicyError

Spoil = Callable[[str, str, str], int]
SHIPPED = Path(__file__).parents[3] / "include"


def test_everything_that_the_profile_switches_on_is_there(policy: PolicySet) -> None:
    hub = policy.profile
    assert set(hub.agreements) == set(policy.agreements)
    assert set(hub.deliveries) == set(policy.recipes)
    assert set(hub.rules) <= set(policy.rules)
    assert set(hub.expected) <= set(policy.contracts)
    assert {policy.rules[rule].stage for rule in hub.rules} == {"compare", "screen"}


def test_each_rule_and_each_agreement_names_its_clauses(policy: PolicySet) -> None:
    assert all(rule.clauses for rule in policy.rules.values())
    assert all(contract.clauses for contract in policy.contracts.values())
    assert all(made.clauses for made in policy.agreements.values())
    assert all(recipe.clauses for recipe in policy.recipes.values())


def test_each_figure_names_its_clause_or_its_source(policy: PolicySet) -> None:
    hub = policy.profile
    figures = [*hub.thresholds.values(), *hub.deadlines.values(), *hub.least_rows.values()]
    assert figures
    assert all(figure.clauses or figure.source for figure in figures)


def test_every_role_that_a_rule_reads_is_played(policy: PolicySet) -> None:
    roles = {read.role for rule in policy.rules.values() for read in rule.reads.values() if read.role}
    assert roles
    assert all(policy.in_role(role) for role in roles)


def test_a_dataset_may_play_several_roles(policy: PolicySet) -> None:
    named = policy.in_role("named")
    assert len(named) == 3
    assert set(policy.in_role("roster")) < set(named)
    assert policy.contracts["civil.dibao"].role == "benefit"


def test_a_sheet_of_households_is_told_from_its_columns(policy: PolicySet) -> None:
    """Slots are columns of the file; the slot's number is a column of what settles only."""
    contract = policy.contracts["civil.dibao"]
    written = [column.title for column in contract.as_written]
    assert written[:7] == ["乡镇", "村", "低保证号", "救助类型", "保障人口", "月保障金额", "起保日期"]
    assert written[7:13] == ["姓名1", "证件号码1", "与户主关系1", "姓名2", "证件号码2", "与户主关系2"]
    assert [column.title for column in contract.as_written if column.required][3:] == ["姓名1", "证件号码1"]
    assert {"member_no", "person_id", "household_id", "name_id", "amount"} <= definition(contract).keys()
    roster = policy.contracts["insurance_med.enrolment_roster"]
    assert (roster.as_written, roster.slots) == (roster.columns, {})


def test_the_register_is_derived(policy: PolicySet) -> None:
    registers = policy.in_role("register")
    assert len(registers) == 1
    assert policy.derived(registers[0]) is not None
    assert policy.derived(policy.profile.expected[0]) is None


def test_regions_lie_within_one_another(policy: PolicySet) -> None:
    county, town, village = policy.profile.levels
    day = date(2026, 11, 30)
    assert [region.code for region in policy.regions_of(county, day)] == [policy.profile.region]
    towns = {region.code for region in policy.regions_of(town, day)}
    villages = policy.regions_of(village, day)
    assert (len(towns), len(villages)) == (12, 150)
    assert {policy.region_above(region.code, town) for region in villages} == towns
    assert policy.region_above(villages[0].code, village) == villages[0].code
    assert policy.region_above(policy.profile.region, town) is None
    assert policy.region_above("nowhere", town) is None


def test_a_place_is_beyond_a_region_that_it_neither_lies_in_nor_holds(policy: PolicySet) -> None:
    _, town, village = policy.profile.levels
    here, there = (region.code for region in policy.regions_of(town, date(2026, 11, 30))[:2])
    homes = [region.code for region in policy.regions if region.level == village and region.parent == here]
    assert not any(policy.is_beyond(code, here) for code in (here, *homes, policy.profile.region))
    assert all(policy.is_beyond(code, there) for code in (here, *homes))


def test_a_sender_is_known_by_the_address_who_has_left_too(policy: PolicySet) -> None:
    made = next(a for a in policy.agreements.values() if a.kind == "regions")
    contact = made.contacts[0]
    assert policy.contact_of_sender(f" {contact.email.upper()} ", contact.valid_from) == (made, contact)
    assert policy.contact_of_sender(contact.email, date(2000, 1, 1)) == (made, contact)
    assert policy.contact_of_sender("stranger@elsewhere.example", contact.valid_from) is None


def test_a_threshold_is_dated(include: Path, spoil: Spoil) -> None:
    spoil("profiles/base.yaml", "{2021-01-01: 30}", "{2021-01-01: 30, 2026-11-15: 20}")
    policy = load(include, "demo")
    name = "death_removal_days"
    assert [policy.threshold(name, day) for day in (date(2026, 11, 14), date(2026, 11, 15), date(2027, 1, 1))] == [
        30,
        20,
        20,
    ]
    with pytest.raises(KeyError, match="no value in force"):
        policy.threshold(name, date(2020, 12, 31))


def test_how_many_rows_make_a_whole_file_is_dated_and_one_where_nothing_is_said(include: Path, spoil: Spoil) -> None:
    spoil("profiles/demo.yaml", "{2026-01-01: 10000}", "{2026-01-01: 10000, 2026-11-15: 9000}")
    policy = load(include, "demo")
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 11, 14), date(2026, 11, 15))
    assert [policy.least_rows("insurance_med.enrolment_roster", day) for day in days] == [1, 10000, 10000, 9000]
    assert policy.least_rows("insurance_med.high_selfpay", days[-1]) == 1


def test_a_profile_states_only_its_differences() -> None:
    base = {
        "window": {"opens_day": 25, "hour": 8},
        "rules": ["a", "b"],
        "thresholds": {"x": {"values": {2021: 1}, "unit": "日"}},
    }
    own = {"window": {"hour": 9}, "rules": ["b"], "thresholds": {"x": {"values": {2026: 2}}, "y": {"unit": "人"}}}
    assert merge(base, own) == {
        "window": {"opens_day": 25, "hour": 9}, "rules": ["b"],
        "thresholds": {"x": {"values": {2026: 2}, "unit": "日"}, "y": {"unit": "人"}},
    }  # fmt: skip


def test_whoever_states_other_values_says_anew_where_they_are_from() -> None:
    base = {
        "x": {"values": {2021: 1}, "unit": "日", "clauses": ["A"], "source": "惯例"},
        "w": {"at": 1, "clauses": ["B"]},
    }
    assert merge(base, {"x": {"values": {2026: 2}, "clauses": ["C"]}, "w": {"at": 2}}) == {
        "x": {"values": {2026: 2}, "unit": "日", "clauses": ["C"]}, "w": {"at": 2, "clauses": ["B"]},
    }  # fmt: skip


def test_a_profile_says_what_its_agreements_are_here(include: Path, spoil: Spoil) -> None:
    """The name that a party has here, which of its datasets are exchanged, and who exchanges them."""
    spoil("profiles/demo.yaml", "insurance_med.high_selfpay, civil.dibao,\n  disabled", "civil.dibao, disabled")
    spoil("profiles/demo.yaml", "insurance_med.high_selfpay, civil", "civil")
    spoil("profiles/demo.yaml", "numbering:", "titles: {insurance_med: 云溪县医保局}\nnumbering:")
    policy = load(include, "demo")
    made = policy.agreements["insurance_med"]
    given = ["insurance_med.enrolment_roster", "hub.contact_list"]
    assert (made.title, [p.dataset for p in made.provides]) == ("云溪县医保局", given)
    assert [contact.id for contact in made.contacts] == ["insurance_med-1"]
    assert policy.givers("insurance_med.high_selfpay") == ()
    assert policy.in_role("expense") == []
    assert "insurance_med.high_selfpay" in policy.contracts


def test_parts_are_those_of_the_regions_whose_agreement_gives_a_dataset(policy: PolicySet) -> None:
    day = date(2026, 11, 30)
    towns = policy.regions_of(policy.visiting.level or "", day)
    assert policy.parts_of("civil.dibao", day) == {town.code: town.name for town in towns}
    assert policy.parts_of("insurance_med.enrolment_roster", day) == {}


def test_what_towns_could_give_in_parts_an_agency_gives_whole_unless_the_profile_says_so(policy: PolicySet) -> None:
    """The agreements of civil affairs and of the towns both provide it; the five notices name civil affairs."""
    day, county = date(2026, 11, 30), load(SHIPPED, "qinan")
    assert [made.party for made in policy.givers("civil.dibao")] == ["town"]
    assert policy.parted_by(policy.contracts["civil.dibao"]) == "region"
    assert [made.party for made in county.givers("civil.dibao")] == ["civil"]
    assert county.parted_by(county.contracts["civil.dibao"]) is None
    assert county.parts_of("civil.dibao", day) == {}
    assert county.parts_of("town.verification", day)


def test_what_may_come_unsealed_the_profile_says(policy: PolicySet) -> None:
    """QA-07: without a word, what is exchanged is sealed."""
    sealings = {
        hub.hub: hub.agreements["disabled"].provision("disabled.certificate").sealing
        for hub in (policy, load(SHIPPED, "qinan"))
    }
    assert sealings == {"demo": ("plain", "password_workbook"), "qinan": ("password_workbook",)}


def test_parts_may_be_those_of_the_parties_whose_agreements_give_a_dataset() -> None:
    policy = load(SHIPPED, "eshan")
    parts = policy.parts_of("civil.relief_applicant", date(2026, 11, 30))
    assert parts.keys() == {"education", "civil", "hr", "housing", "water", "health", "insurance_med"}
    assert parts["housing"] == policy.name_of("housing")
    assert policy.parts_of("civil.relief_applicant", date(2025, 11, 30)) == {}  # before their agreements


def test_a_threshold_may_be_a_list_of_codes(include: Path, spoil: Spoil) -> None:
    assert load(include, "demo").threshold("severe_levels", date(2026, 11, 30)) == ("1", "2")
    assert load(include, "huaiyuan").threshold("mind_levels", date(2026, 11, 30)) == ("3",)
    spoil("profiles/base.yaml", '["3", "4"]', '["3", "5"]')
    with pytest.raises(PolicyError, match=r"thresholds: mind_levels: 5 is no code of disability_level"):
        load(include, "demo")


@pytest.mark.parametrize(
    ("file", "old", "new", "kinds"),
    [
        ("templates/receipt.md", "。", "！", {"templates"}),
        ("sql/compare/duplicate.sql", "severity: orange", "severity: yellow", {"rule"}),
        ("dictionary/sex.csv", "男", "男性", {"dictionary"}),
        ("profiles/base.yaml", "{2021-01-01: 90}", "{2021-01-01: 60}", {"profile"}),
        ("deliveries/receipt.yaml", "title:", "title: 新", {"recipe"}),
        ("contacts/demo.csv", "0999-8210001", "0999-8210009", {"contacts"}),
    ],
)
def test_a_change_changes_the_hash_of_its_object_and_of_the_bundle(
    include: Path, spoil: Spoil, file: str, old: str, new: str, kinds: set[str]
) -> None:
    policy = load(include, "demo")
    spoil(file, old, new)
    changed = load(include, "demo")
    assert changed.hash != policy.hash
    differing = {name for name in changed.objects if changed.objects[name] != policy.objects[name]}
    assert len(differing) == 1
    assert {name.split(":")[0] for name in differing} == kinds


def test_the_same_files_have_the_same_hash_anywhere(include: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(include, tmp_path / "elsewhere")
    assert load(include, "demo").hash == load(elsewhere, "demo").hash


@pytest.mark.parametrize(("region", "office"), [("北峪镇", "人民政府"), ("双桥街道", "办事处")])
def test_an_office_is_called_as_its_region_is(policy: PolicySet, region: str, office: str) -> None:
    assert policy.visiting.office_of(region) == office
    assert policy.agreements["disabled"].office_of(region) is None
