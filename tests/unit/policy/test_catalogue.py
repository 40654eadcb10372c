"""The catalogue: every dataset that the skeleton and the notices name is there, and each contract can be filled in.

The table below is the skeleton of agencies and datasets, as data. Where it says weekly, the contract says monthly: what
comes more often than the month replaces the month's earlier file.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import date

import openpyxl
import pandas as pd
import pytest

from bidui.intake import headers
from bidui.intake.isolation import Bounds, parse
from bidui.intake.normalise import Normalised, normalise
from bidui.intake.reading import RawTable, choose, table
from bidui.pipeline.arrive import provision_by_name
from bidui.policy import agreement
from bidui.policy.agreement import Agreement
from bidui.policy.contract import Contract, Limits
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import read_yaml

DAY = date(2026, 11, 30)

SKELETON = """
hub.monitored_person          full       month
hub.alleviated_person         full       month
hub.ordinary_farmer           full       quarter
hub.help_force                full       month
hub.work_spell                full       month
hub.yulu_aid                  increment  semester
hub.project_beneficiary       increment  quarter
hub.province_work_order       increment  month
town.self_report              increment  as_needed
town.change_request           increment  as_needed
education.enrolment           full       semester
education.dropout_suspect     increment  month
education.student_aid         increment  semester
health.major_disease_new      increment  month
health.chronic_signed         full       quarter
health.death_certificate      increment  month
health.public_health_event    increment  at_once
insurance_med.enrolment_roster full      month
insurance_med.high_selfpay    increment  month
insurance_med.aid_settled     increment  month
civil.dibao                   full       month
civil.tekun                   full       month
civil.marginal_rigid          full       month
civil.temp_relief             increment  month
civil.cremation               increment  month
civil.orphan                  increment  month
civil.disability_allowance    full       month
hr.not_back_to_work           increment  month
hr.public_post                full       month
hr.pension                    full       quarter
hr.work_subsidy               full       quarter
housing.danger_rated          increment  month
housing.renovation            full       quarter
water.supply_unsafe           increment  month
agriculture.production_loss   increment  month
agriculture.industry_support  increment  quarter
livestock.loss                increment  month
fruit.loss                    increment  month
forestry.ranger               full       quarter
forestry.forest_loss          increment  month
emergency.disaster_relief     increment  month
fire.fire_loss                increment  month
police.household_change       increment  month
police.crime_victim           increment  month
traffic_police.casualty       increment  month
disabled.certificate          full       month
disabled.new_certificate      increment  month
finance.card_payment          increment  month
reform.relocation             full       half
reform.project                full       half
resources.asset_check         increment  as_needed
market.asset_check            increment  as_needed
tax.asset_check               increment  as_needed
traffic_police.asset_check    increment  as_needed
tax.insurance_fee_unpaid      full       month
power.village_signal          increment  quarter
transport.village_signal      increment  quarter
statistics.village_signal     increment  quarter
union.needy_worker            full       half
organisation.village_team     full       as_needed
banks.microcredit             full       month
"""

FROM_THE_NOTICES = """
education.school_cost         increment  school_year  ZM-11
civil.relief_new              increment  month        ES-01
civil.relief_applicant        increment  month        ES-01
civil.relief_answer           increment  month        HY-05
hr.migrant_worker             full       quarter      QA-03
hr.unemployed                 increment  month        HY-05
hr.workshop                   full       quarter      SQ-22
hub.village_table             full       quarter      SQ-01
agriculture.village_signal    increment  quarter      QA-03
housing.urban_aid             full       quarter      HY-05
hub.village_table             full       quarter      SQ-01
agriculture.village_signal    increment  quarter      QA-03
"""
"""What the skeleton does not list, with the duty that asks for it."""

LEAST_VALIDITY = {"month": 1, "quarter": 3, "half": 6, "semester": 6, "school_year": 12, "year": 12}
"""Months between two submissions: one speaks at least until the next is due."""

PERSONAL = {"id_number": re.compile("证件号码|证件号$|身份证"), "name": re.compile("姓名"), "phone": re.compile("电话")}
"""Headers that say what stands in the column."""


def rows(said: str) -> list[list[str]]:
    return [line.split() for line in said.strip().splitlines()]


@pytest.fixture(scope="module")
def agreements(policy: PolicySet) -> list[Agreement]:
    """Every agreement that is shipped, in the profile or not."""
    return [agreement.read(read_yaml(p, policy.include)) for p in sorted(policy.include.glob("agreements/*.yaml"))]


@pytest.fixture(scope="module")
def exemplary(policy: PolicySet) -> dict[str, Contract]:
    """The contracts that show how they are filled in."""
    return {id_: c for id_, c in policy.contracts.items() if any(column.example for column in c.columns)}


@pytest.fixture(scope="module")
def filled_in(policy: PolicySet, exemplary: dict[str, Contract]) -> dict[str, Normalised]:
    """The example row of each contract on a sheet of its own, as the intake reads it."""
    book, ids = openpyxl.Workbook(), sorted(exemplary)
    for at, id_ in enumerate(ids):
        sheet = book.create_sheet(str(at))
        written = _as_filled_in(exemplary[id_])
        sheet.append(list(written))
        sheet.append(list(written.values()))
    book.remove(book.worksheets[0])
    file = io.BytesIO()
    book.save(file)
    words = {word for contract in exemplary.values() for word in headers.words(contract)}
    sheets = parse(file.getvalue(), Bounds.of(Limits(megabytes=8, rows=1000)), words=words)
    return {
        id_: normalise(table(*choose([sheet], exemplary[id_]), exemplary[id_]), exemplary[id_], policy.codes, on=DAY)
        for id_, sheet in zip(ids, sheets, strict=True)
    }  # fmt: skip


def _as_filled_in(contract: Contract) -> dict[str, str]:
    """Header → example; of a sheet of households, with one member."""
    first = {c.name for c in contract.slots.get(1, {}).values()}
    later = {c.name for slot in contract.slots.values() for c in slot.values()} - first
    return {c.title: c.example or "" for c in contract.as_written if c.name not in later}


@pytest.mark.parametrize(("dataset", "delivery", "cadence"), rows(SKELETON))
def test_a_dataset_of_the_skeleton_is_in_the_catalogue(
    policy: PolicySet, dataset: str, delivery: str, cadence: str
) -> None:
    contract = policy.contracts[dataset]
    assert (contract.delivery, contract.cadence) == (delivery, cadence)


@pytest.mark.parametrize(("dataset", "delivery", "cadence", "clause"), rows(FROM_THE_NOTICES))
def test_a_dataset_that_a_notice_asks_for_is_in_the_catalogue(
    policy: PolicySet, dataset: str, delivery: str, cadence: str, clause: str
) -> None:
    contract = policy.contracts[dataset]
    assert (contract.delivery, contract.cadence) == (delivery, cadence)
    assert clause in contract.clauses


def test_a_submission_speaks_until_the_next_is_due(policy: PolicySet) -> None:
    held = policy.contracts.values()
    short = {c.id: c.validity_months for c in held if c.validity_months < LEAST_VALIDITY.get(c.cadence, 1)}
    assert short == {}


def test_every_dataset_is_given_by_somebody(policy: PolicySet, agreements: list[Agreement]) -> None:
    given = Counter(provision.dataset for made in agreements for provision in made.provides)
    withheld = {contract.id for contract in policy.contracts.values() if contract.sharing.class_ == "withheld"}
    assert set(given) == set(policy.contracts) - withheld


def test_what_is_withheld_cites_a_law(policy: PolicySet) -> None:
    """QA-19: sharing is the default, and the catalogue says by which law something is not shared."""
    shut = [contract.sharing for contract in policy.contracts.values() if contract.sharing.class_ == "withheld"]
    assert shut
    assert not [sharing for sharing in shut if not re.search("《[^》]+(法|条例|办法)》", sharing.basis)]


def test_the_words_of_an_attachment_mean_one_dataset_of_a_party(agreements: list[Agreement]) -> None:
    for made in agreements:
        for provision in made.provides:
            assert provision.words, provision.dataset
            assert {provision_by_name(made, f"2026年11月{word}明细表.xlsx") for word in provision.words} == {provision}


def test_text_is_not_sealed_as_a_workbook(policy: PolicySet, agreements: list[Agreement]) -> None:
    sealed = {
        provision.dataset for made in agreements for provision in made.provides
        if "password_workbook" in provision.sealing and policy.contracts[provision.dataset].layout.encoding
    }  # fmt: skip
    assert sealed == set()


def test_whoever_speaks_of_persons_says_who_and_where(policy: PolicySet) -> None:
    for contract in policy.contracts.values():
        roles = {column.role for column in contract.columns}
        if "subject" not in roles:
            continue
        assert "subject_name" in roles, contract.id
        answers = contract.cadence == "as_needed"  # of persons whom the hub asked about
        assert answers or roles & {"region_town", "region_village", "household_key"}, contract.id
        assert contract.key, contract.id


def test_names_numbers_and_phones_are_identifiers(policy: PolicySet) -> None:
    """What is no identifier is stored as it is written."""
    plain = {
        (contract.id, column.title) for contract in policy.contracts.values() for column in contract.columns
        for pattern in PERSONAL.values() if pattern.search(column.title) and not column.identifier
    }  # fmt: skip
    assert plain == set()


def test_an_id_number_is_sensitive_and_a_name_never_common(policy: PolicySet) -> None:
    told = {(c.identifier, c.classification) for contract in policy.contracts.values() for c in contract.columns}
    assert {classification for kind, classification in told if kind == "id_number"} == {"敏感"}
    assert "一般" not in {classification for kind, classification in told if kind in ("name", "phone")}


def test_illness_and_disability_are_words_of_a_list(policy: PolicySet) -> None:
    """Sensitive causes are never free text that is stored as written."""
    loose = {
        (contract.id, column.name) for contract in policy.contracts.values() for column in contract.columns
        if column.classification == "敏感" and column.type == "text" and not column.identifier
    }  # fmt: skip
    assert loose == set()


def test_what_must_not_be_named_becomes_one_word(policy: PolicySet) -> None:
    diseases = policy.codes["disease_group"]
    named = {diseases.code_of(word, DAY) for word in ("艾滋病机会性感染", "重性精神疾病", "耐多药结核病")}
    assert {diseases.label_of(code, DAY) for code in named if code} == {"其他（不注明病种）"}
    assert diseases.code_of("胃癌", DAY) not in named


def test_a_word_keeps_its_meaning_when_it_gets_a_new_name(policy: PolicySet) -> None:
    listed = policy.codes["low_income_category"]
    old, new = date(2023, 6, 1), date(2026, 6, 1)
    assert listed.code_of("支出型困难家庭", old) == listed.code_of("支出型困难家庭", new) == "rigid"
    assert (listed.label_of("rigid", old), listed.label_of("rigid", new)) == ("支出型困难家庭", "刚性支出困难家庭")
    assert listed.code_of("刚性支出困难家庭", old) is None


def test_each_column_of_an_example_is_filled(exemplary: dict[str, Contract]) -> None:
    empty = {(c.id, column.name) for c in exemplary.values() for column in c.columns if not column.example}
    assert len(exemplary) > 60
    assert empty == set()


def test_an_example_row_passes_the_intake_without_a_word(filled_in: dict[str, Normalised]) -> None:
    said = {id_: result.issues.to_dict("records") for id_, result in filled_in.items() if len(result.issues)}
    assert said == {}


def test_an_example_row_says_something_in_every_column(
    filled_in: dict[str, Normalised], exemplary: dict[str, Contract]
) -> None:
    for id_, result in filled_in.items():
        (row,) = result.accepted.to_dict("records")
        assert [c.name for c in exemplary[id_].columns if _nothing(row[c.name])] == [], id_
        subject = exemplary[id_].column("subject")
        if subject:
            assert row[f"{subject.name}__number"].startswith("99"), id_


def _nothing(value: object) -> bool:
    return not value if isinstance(value, list) else bool(pd.isna(value))  # type: ignore[call-overload]


def test_a_value_outside_its_list_would_be_noticed(policy: PolicySet, exemplary: dict[str, Contract]) -> None:
    """The examples pass because they fit, not because nobody looks."""
    contract = exemplary["housing.danger_rated"]
    frame = pd.DataFrame([{c.name: c.example for c in contract.columns} | {"level": "E级"}], index=[2], dtype="str")
    cells = headers.labelled([c.title for c in contract.columns])
    result = normalise(RawTable("", (), headers.assign(cells, contract), 1, frame), contract, policy.codes, on=DAY)
    assert [(i["column"], i["code"]) for i in result.issues.to_dict("records")] == [("level", "value_not_in_list")]
