"""Lists of agencies as they come in: words that are hidden, a second number in a row, events that come again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bidui.pipeline import apply
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.policy import agreement
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import read_yaml
from bidui.sealing import aeszip, workbook

from .conftest import PERIOD, Roads, person, sheet

GIVEN = ["education.enrolment", "health.chronic_signed", "civil.disability_allowance", "civil.marginal_rigid"]
Send = Callable[..., Received]


def agreed(party: str, include: Path) -> Agreement:
    """The agreement of an agency that the profile does not switch on, and who sends for it."""
    known = agreement.read(read_yaml(include / "agreements" / f"{party}.yaml", include))
    contact = Contact(id=f"{party}-9", name="专责联络员", email=f"{party}@bidui.example", valid_from=date(2026, 1, 1))
    return known.model_copy(update={"contacts": (contact,)})


def example(contract: Contract, town: str, village: str) -> dict[str, str]:
    """Header → what the contract's example says, with places that there are; of households, the first member."""
    here = {"region_town": town, "region_village": village}
    later = {column.name for n, slot in contract.slots.items() if n > 1 for column in slot.values()}
    return {
        c.title: here.get(c.role or "") or c.example or "" for c in contract.as_written if c.name not in later
    }  # fmt: skip


@pytest.fixture(scope="module")
def send(road: Roads, policy: PolicySet, places: Callable[[int], tuple[str, str, str]]) -> Send:
    """Hands in rows of a dataset: the contract's example row, with other values by header."""
    parties = {dataset.split(".")[0] for dataset in GIVEN}
    agreements = {**policy.agreements, **{party: agreed(party, policy.include) for party in parties}}
    vars(road.office)["policy"] = replace(policy, agreements=agreements)
    apply.apply_policy(road.office, road.now)
    _, town, village = places(0)

    def sent(dataset: str, *others: dict[str, str]) -> Received:
        (party, name), contract = dataset.split("."), policy.contracts[dataset]
        shown = example(contract, town, village)
        lines = [list(shown), *([*{**shown, **other}.values()] for other in others)]
        called = f"{agreements[party].provision(dataset).words[0]}{PERIOD}"
        secret = password(road.office, party, None, PERIOD)
        if contract.layout.encoding is None:
            return road.folder(party, name, f"{called}.xlsx", workbook.seal(sheet(*lines), secret))
        data = "\r\n".join(",".join(line) for line in lines).encode(contract.layout.encoding)
        return road.folder(party, name, f"{called}.zip", aeszip.seal([(".csv", data)], secret))

    return sent


def test_a_disease_that_must_not_be_named_settles_as_the_one_word_for_all_such(road, send):
    received = send(
        "health.chronic_signed",
        {"证件号码": person(serial="101"), "慢病病种": "高血压、严重精神障碍"},
        {"证件号码": person(serial="102"), "慢病病种": "肺结核"},
    )
    assert received.outcome == "accepted"
    assert road.issues(received) == []
    assert road.rows("SELECT disease FROM data.health__chronic_signed ORDER BY row_no") == [
        (["hypertension", "undisclosed"],),
        (["undisclosed"],),
    ]


def test_the_certificate_s_number_leads_to_the_person_who_is_paid(road, send):
    number, other = person(serial="103"), person(serial="104")
    received = send(
        "civil.disability_allowance",
        {"证件号码": number, "残疾人证号": f"{number}43"},
        {"证件号码": number, "残疾人证号": f"{number}43", "补贴类别": "重度残疾人护理补贴"},
        {"证件号码": other, "残疾人证号": f"{number}43"},
    )
    assert (received.outcome, received.facts["accepted"]) == ("accepted", 3)
    assert road.rows(
        "SELECT kind, person_id = certificate_no_person_id FROM data.civil__disability_allowance ORDER BY row_no"
    ) == [("living", True), ("care", True), ("living", False)]


def test_a_pupil_s_number_which_holds_the_id_number_is_stored_nowhere_as_text(road, send):
    number = person("20140315", "105")
    received = send("education.enrolment", {"证件号码": number, "全国学籍号": f"G{number}"})
    assert received.outcome == "accepted"
    (row,) = road.rows("SELECT * FROM data.education__enrolment")
    assert number not in "|".join(map(str, row))


def test_a_household_in_a_row_settles_by_its_members(road, send):
    received = send("civil.marginal_rigid", {"证件号码1": person(serial="106"), "家庭类别": "支出型困难家庭"})
    assert received.outcome == "accepted"
    assert road.rows("SELECT kind, member_no, relation FROM data.civil__marginal_rigid") == [("rigid", 1, "head")]
