"""Releases of the catalogue: which contract a period runs with, and what nobody may do to what was released."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bidui.domain.period import Period
from bidui.policy.contract import Contract
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from tests.policies import changed, released, unreleased

Complaints = Callable[..., list[str]]

FILE = "catalogue/insurance_med/high_selfpay.yaml"
DATASET = "insurance_med.high_selfpay"
COPY = f"catalogue/releases/contracts/{DATASET}@1.0.0.yaml"
COLUMN = """
      - name: stay_days
        businessName: 住院天数
        logicalType: integer
        physicalType: bigint
        classification: 一般
"""


def draft(include: Path, version: str, *swaps: tuple[str, str], more: str = "") -> None:
    """Write another version into the working file."""
    file = include / FILE
    stated = next(line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("version: "))
    changed(file, (stated, f"version: {version}"), *swaps)
    with file.open("a", encoding="utf-8") as contract:
        contract.write(more)


@pytest.fixture(scope="module")
def twice_released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2026-1 from March 2026; 2026-2 from January 2027 with one column more."""
    include = unreleased(tmp_path_factory.mktemp("releases") / "include")
    assert released(include, "2026-03", date(2026, 2, 20)) == "2026-1"
    draft(include, "1.1.0", more=COLUMN)
    assert released(include, "2027-01", date(2026, 12, 10)) == "2026-2"
    return include


@pytest.fixture
def include(twice_released: Path, tmp_path: Path) -> Path:
    """The two releases, to be spoilt."""
    return Path(shutil.copytree(twice_released, tmp_path / "include"))


def running(policy: PolicySet, period: str) -> Contract | None:
    return policy.at(Period.parse(period)).contracts.get(DATASET)


# --- which contract a period runs with ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("period", "version"),
    [
        ("2026-02", "1.0.0"),  # before the first release: by what was then released of it
        ("2026-03", "1.0.0"),
        ("2026-12", "1.0.0"),
        ("2027-01", "1.1.0"),
        ("2028-06", "1.1.0"),
        ("2026-Q4", "1.0.0"),
        ("2026", "1.0.0"),
        ("2027-Q1", "1.1.0"),
    ],
)
def test_a_period_runs_with_what_was_in_force_as_it_began(twice_released: Path, period: str, version: str) -> None:
    found = running(load(twice_released, "demo"), period)
    assert found
    assert found.version == version
    assert ("stay_days" in {column.name for column in found.columns}) == (version == "1.1.0")


def test_a_draft_runs_only_once_published(include: Path) -> None:
    draft(include, "1.2.0", ("name: stay_days", "name: days_in"))
    policy = load(include, "demo")
    assert policy.contracts[DATASET].version == "1.2.0"
    assert [c.version for c in policy.versions(DATASET)] == ["1.0.0", "1.1.0"]
    assert [c.version for c in policy.stated(DATASET)] == ["1.2.0", "1.1.0", "1.0.0"]
    late = running(policy, "2027-02")
    assert late
    assert late.version == "1.1.0"
    assert [c.version for c in policy.tables if c.id == DATASET] == ["1.1.0"]


def test_a_dataset_in_no_release_runs_as_its_file_stands(include: Path) -> None:
    text = (include / FILE).read_text(encoding="utf-8").replace(DATASET, "insurance_med.other")
    (include / "catalogue/insurance_med/other.yaml").write_text(text, encoding="utf-8")
    policy = load(include, "demo")
    for period in ("2026-03", "2027-01"):
        assert "insurance_med.other" in policy.at(Period.parse(period)).contracts


def test_each_breaking_version_has_a_table(include: Path) -> None:
    draft(include, "2.0.0", ("name: visit_type", "name: way"))
    assert released(include, "2027-03", date(2027, 1, 20)) == "2027-1"
    tables = [c for c in load(include, "demo").tables if c.id == DATASET]
    assert [(c.table, c.version) for c in tables] == [
        ("insurance_med__high_selfpay", "1.1.0"), ("insurance_med__high_selfpay__v2", "2.0.0"),
    ]  # fmt: skip


def test_what_has_ended_still_runs_for_the_periods_before(include: Path) -> None:
    """Whoever hands in a month late that was due is not turned away."""
    (include / FILE).unlink()
    policy = load(include, "demo")
    assert running(policy, "2027-02"), "an end that nobody has published is none"
    assert released(include, "2027-03", date(2027, 1, 20)) == "2027-1"
    policy = load(include, "demo")
    assert running(policy, "2027-03") is None
    assert running(policy, "2027-02")
    assert policy.contract_for(DATASET, Period.parse("2027-03")).version == "1.1.0"
    assert policy.ever[DATASET].title == "高额自付费用"


def test_without_releases_the_files_run(policy: PolicySet) -> None:
    assert policy.at(Period.parse("2026-11")) is policy


def test_releases_are_no_contracts(twice_released: Path, policy: PolicySet) -> None:
    assert load(twice_released, "demo").contracts.keys() == policy.contracts.keys()


# --- what nobody may do ------------------------------------------------------------------------------------------
def test_a_released_version_may_change_its_comments_only(include: Path, complaints: Complaints) -> None:
    with (include / FILE).open("a", encoding="utf-8") as contract:
        contract.write("# a remark\n")
    load(include, "demo")
    changed(include / FILE, ("maximum: 10000000", "maximum: 100"))
    assert complaints() == [
        f"{FILE}:5: 1.1.0 was released and says something else; bump the version (to 2.0.0 at least),"
        " or take the change back"
    ]


@pytest.mark.parametrize(
    ("old", "new", "least"),
    [
        ("purpose: 按月", "purpose: 每月", "1.1.1"),
        ("{synonym: 结算时间}", "{synonym: 结算时间}, {synonym: 出院日期}", "1.2.0"),
        ("name: settled_on", "name: settled", "2.0.0"),
    ],
)
def test_the_version_that_a_change_asks_for_is_told(
    include: Path, complaints: Complaints, old: str, new: str, least: str
) -> None:
    changed(include / FILE, (old, new))
    assert any(f"(to {least} at least)" in said for said in complaints())


def test_a_version_that_falls_back(include: Path, complaints: Complaints) -> None:
    draft(include, "1.0.1")
    assert complaints() == [f"{FILE}:5: version 1.0.1 is lower than 1.1.0, which was released; raise it"]


def test_a_copy_that_was_edited(include: Path, complaints: Complaints) -> None:
    changed(include / COPY, ("maximum: 10000000", "maximum: 100"))
    assert complaints() == [
        f"{COPY}:1: was changed after release 2026-1; bring it back as it was, and change the file in the catalogue"
        " instead"
    ]


def test_a_copy_that_is_gone(include: Path, complaints: Complaints) -> None:
    (include / COPY).unlink()
    said = complaints()
    assert [one.partition(": ")[2] for one in said] == [f"{DATASET} 1.0.0 has no copy {COPY}; bring it back"]
    assert said[0].startswith("catalogue/releases/2026-1.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("in_force_from: 2027-01", "in_force_from: 2026-03",
         "in force from 2026-03, but 2026-1 is from 2026-03; take it back and publish anew for a later month"),
        ("in_force_from: 2027-01", "in_force_from: 2027-13", "in_force_from: String should match pattern"),
        ("in_force_from: 2027-01", "in_force_from: 2027-02", "was changed after it was published; bring it back"),
        ("contact: insurance_med-1", "contact: insurance_med-2", "was changed after it was published; bring it back"),
        ("number: 2026-2", "number: 2026-3", "number must be 2026-2, as the file is called"),
        ("version: 1.1.0", "version: 0.9.0", "version: String should match pattern"),
        ("kind: compatible", "kind: small", "kind: Input should be 'added', 'compatible', 'breaking' or 'ended'"),
        ("released_on:", "released:", "released: Extra inputs are not permitted; did you mean released_on?"),
    ],
)  # fmt: skip
def test_a_release_that_was_edited(include: Path, complaints: Complaints, old: str, new: str, says: str) -> None:
    changed(include / "catalogue/releases/2026-2.yaml", (old, new))
    said = [one for one in complaints() if says in one]
    assert said, complaints()
    assert all(one.startswith("catalogue/releases/2026-2.yaml:") for one in said)


def test_a_release_in_which_a_contract_falls_back(include: Path, complaints: Complaints) -> None:
    changed(include / "catalogue/releases/2026-1.yaml", ("in_force_from: 2026-03", "in_force_from: 2027-06"))
    shutil.move(include / "catalogue/releases/2026-1.yaml", include / "catalogue/releases/2027-1.yaml")
    changed(include / "catalogue/releases/2027-1.yaml", ("number: 2026-1", "number: 2027-1"))
    assert [one.partition(": ")[2] for one in complaints()] == [
        "was changed after it was published; bring it back as it was, and publish what is new",
        f"{DATASET} falls back from 1.1.0 to 1.0.0; publish it anew as a higher one",
    ]
