"""Every dated part of the policy: a period of before goes by what was said then, one of after by what is said since."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bidui.domain.period import Period
from bidui.domain.working_days import Due
from bidui.policy.loading import load
from bidui.policy.places import Places
from bidui.policy.policy_set import PolicySet

INCLUDE = Path(__file__).parents[3] / "include"
OLD, NEW = Period.parse("2026-12"), Period.parse("2027-01")
CHANGES = [
    ("profiles/base.yaml", "newborn_days: {values: {2021-01-01: 90}",
     "newborn_days: {values: {2021-01-01: 90, 2027-01-01: 60}"),
    ("profiles/base.yaml", "visit_red: {values: {2021-01-01: 5}", "visit_red: {values: {2021-01-01: 5, 2027-01-01: 4}"),
    ("dictionary/household_type.csv", "普通农户,2021-01-01,",
     "普通农户,2021-01-01,2026-12-31\nordinary,其他农户,,2027-01-01,"),
    ("dictionary/regions.csv", "云溪镇,town,990821,2021-01-01,\n",
     "云溪镇,town,990821,2021-01-01,2026-12-31\ndemo,990821101,云溪街道,town,990821,2027-01-01,\n"),
    ("dictionary/regions.csv", "demo,990821102,青岩镇,town,990821,2021-01-01,\n",
     "demo,990821102,青岩镇,town,990821,2021-01-01,2026-12-31\ndemo,990821152,青岩镇,town,990821,2027-01-01,\n"),
    ("dictionary/term.csv", "常态化驻村帮扶,驻村帮扶,2026-01-01,",
     "常态化驻村帮扶,驻村帮扶,2026-01-01,2026-12-31,\nvillage_team,驻村服务,,2027-01-01,"),
    ("agreements/disabled.yaml", "valid_from: 2026-01-01", "valid_from: 2026-01-01\nvalid_to: 2026-12-31"),
    ("contacts/demo.csv", "civil,civil-1",
     "civil,civil-0,前任联络员,,,,old@minzheng.example,,,,2026-01-01,2026-12-31\ncivil,civil-1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """The shipped policy, in which much is said otherwise from 2027 on, and 2027's days off are known."""
    include = shutil.copytree(INCLUDE, tmp_path_factory.mktemp("dated") / "include")
    for file, old, new in CHANGES:
        text = (include / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} says {old} no more"
        (include / file).write_text(text.replace(old, new), encoding="utf-8")
    towns = include / "contacts" / "demo.csv"  # the office of the town that has a new code
    rows = towns.read_text(encoding="utf-8").splitlines(keepends=True)
    twins = [r.replace("town-102", "town-152").replace("990821102", "990821152") for r in rows if "990821102" in r]
    towns.write_text("".join([*rows, *twins]), encoding="utf-8")
    with (include / "dictionary" / "holidays.csv").open("a", encoding="utf-8") as days:
        days.write("2027-01-01,holiday,元旦,（试）\n2027-01-04,holiday,元旦,（试）\n")
    return load(include, "demo")


def test_a_threshold(changed: PolicySet) -> None:
    assert [changed.threshold("newborn_days", month.last_day) for month in (OLD, NEW)] == [90, 60]


def test_a_deadline(changed: PolicySet) -> None:
    assert [changed.profile.deadlines["visit_red"].on(month.last_day) for month in (OLD, NEW)] == [5, 4]


def test_a_code_list(changed: PolicySet) -> None:
    listed = changed.codes["household_type"]
    assert [listed.label_of("ordinary", month.last_day) for month in (OLD, NEW)] == ["一般农户", "其他农户"]
    assert [listed.code_of("普通农户", month.last_day) for month in (OLD, NEW)] == ["ordinary", None]
    assert [list(listed.vocabulary(month.last_day).values())[1] for month in (OLD, NEW)] == ["一般农户", "其他农户"]


def test_the_name_of_a_region(changed: PolicySet) -> None:
    names = [changed.region_names(month.last_day)["990821101"] for month in (OLD, NEW)]
    assert names == ["云溪镇", "云溪街道"]
    for month, name, other in zip((OLD, NEW), names, reversed(names), strict=True):
        assert Places(changed.regions, month.last_day).resolve(name) == "990821101"
        assert Places(changed.regions, month.last_day).resolve(other) is None


def test_the_code_of_a_region(changed: PolicySet) -> None:
    for month, code, other in ((OLD, "990821102", "990821152"), (NEW, "990821152", "990821102")):
        towns = {region.code for region in changed.regions_of("town", month.last_day)}
        assert (code in towns, other in towns, len(towns)) == (True, False, 12)
        assert Places(changed.regions, month.last_day).resolve("青岩镇") == code
    assert changed.region_names(NEW.last_day)["990821102"] == "青岩镇"  # of a code that is gone, its last name


def test_a_word_of_the_field(changed: PolicySet) -> None:
    assert [changed.terms(month.last_day)["village_team"] for month in (OLD, NEW)] == ["常态化驻村帮扶", "驻村服务"]
    assert changed.terms(date(2025, 12, 31))["village_team"] == "驻村帮扶"


def test_days_off(changed: PolicySet, policy: PolicySet) -> None:
    known, unknown = (p.calendar.due(date(2026, 12, 30), 2, "working") for p in (changed, policy))
    assert (known, unknown) == (Due(date(2027, 1, 5), provisional=False), Due(date(2027, 1, 1), provisional=True))
    assert changed.calendar.due(date(2026, 11, 27), 2, "working") == Due(date(2026, 12, 1), provisional=False)


def test_an_agreement(changed: PolicySet) -> None:
    made = changed.agreements["disabled"]
    assert [made.in_force(month.last_day) for month in (OLD, NEW)] == [True, False]
    sender = made.contacts[0].email
    assert [changed.contact_of_sender(sender, month.last_day) for month in (OLD, NEW)] == [(made, made.contacts[0])] * 2


def test_a_contact(changed: PolicySet) -> None:
    made = changed.agreements["civil"]
    acting = [[c.id for c in made.contacts_for(None, month.last_day)] for month in (OLD, NEW)]
    assert acting == [["civil-0", "civil-1"], ["civil-1"]]  # who goes and who comes may overlap
    found = [changed.contact_of_sender("old@minzheng.example", month.last_day) for month in (OLD, NEW)]
    assert found == [(made, made.contacts[0])] * 2  # who has left is still known, and refused


def test_the_words_of_2026_are_read_in_the_months_of_both(policy: PolicySet) -> None:
    """A party may go on writing the old word; the new one means nothing before it was made."""
    before, since = date(2025, 12, 31), date(2026, 1, 1)
    for word in ("脱贫人口", "原建档立卡脱贫人口"):
        assert policy.codes["aid_category"].code_of(word, since) == "alleviated"
    assert policy.codes["aid_category"].label_of("monitored", before) == "监测对象"
    assert policy.codes["support_class"].code_of("有序退出帮扶", before) is None
    assert policy.codes["support_class"].vocabulary(since) == {"continued": "继续帮扶", "withdrawn": "有序退出帮扶"}


def test_each_word_says_what_was_seen_and_what_is_known_of_the_trade(policy: PolicySet) -> None:
    entries = [entry for name in ("term", "support_class") for entry in policy.codes[name].entries]
    assert {entry.about["source"][:3] for entry in entries} == {"〔见〕", "〔经〕"}
    assert {entry.code for entry in policy.codes["term"].entries if entry.in_force(date(2025, 6, 30))} == set(
        policy.codes["term"].codes
    )
