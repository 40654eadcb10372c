"""An agency is reformed between two months: another carries its contacts, cases and ledgers on, under its own name.

The agency is whoever gives the roster: it signs its files, and has a finding open from November.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bidui.pipeline.explain import explain
from bidui.pipeline.explain_page import page
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Agreement
from bidui.policy.loading import load
from bidui.sealing import aeszip
from tests.clauses.stage import CERTIFICATE, EXPENSE, ILL, REGISTER, ROSTER, Hub, sheet
from tests.clauses.stages import Stages
from tests.e2e.county import digests
from tests.policies import changed

HEIR, TITLE = "medical_security", "县医疗和社会保障局"
REFORMED = "2026-12-10"
BEFORE, AFTER = f"{REFORMED[:8]}02T09:00:00+08:00", f"{REFORMED[:8]}12T09:00:00+08:00"
WINDOW, CLOSED = "2026-12-26T09:00:00+08:00", "2027-01-04T09:00:00+08:00"
NOVEMBER, DECEMBER = "2026-11", "2026-12"
TITLES = [["云溪县2026年12月数据"], ["数据截止日：2026-12-25"]]


def succeeded(include: Path, target: Path) -> Path:
    """A copy of the policy in which the giver of the roster has a successor since the day of the reform."""
    shutil.copytree(include, target)
    policy = load(include, "demo")
    (roster,) = policy.in_role("roster")
    (old,) = policy.givers(roster)
    files = target / "agreements"
    shutil.copy(files / f"{old.party}.yaml", files / f"{HEIR}.yaml")
    begun = f"valid_from: {old.valid_from}"
    changed(files / f"{old.party}.yaml", (begun, f"{begun}\nvalid_to: 2026-12-09"))
    changed(
        files / f"{HEIR}.yaml", (f"party: {old.party}", f"party: {HEIR}"), (f"title: {old.title}", f"title: {TITLE}"),
        (begun, f"valid_from: {REFORMED}\nsucceeds: {{{old.party}: {REFORMED}}}"),
    )  # fmt: skip
    changed(target / "profiles" / "demo.yaml", (f" {old.party}, ", f" {old.party}, {HEIR}, "))
    return target


@dataclass
class Reform:
    """The hub, whose November is compared, before and after the day."""

    hub: Hub
    old: Agreement

    @property
    def contact(self) -> str:
        """Who acted for the agency, and goes on to."""
        return self.old.contacts[0].id

    def count_from(self, number: int) -> None:
        """The agency's own count of its signed files so far."""
        self.hub.county.parties._sequence = number

    def recipients(self, recipe: str, period: str) -> list[str]:
        """To whom a recipe went."""
        rows = self.hub.county.query(
            "SELECT DISTINCT split_part(recipient, ':', 1) FROM out.delivery WHERE recipe = %s AND period = %s",
            recipe, period,
        )  # fmt: skip
        return [row[0] for row in rows]

    def december(self, dataset: str, table: list[list[object]]) -> Received:
        """December's file of a dataset, as its people have always handed it in: same folder, same seal."""
        party, _, name = dataset.partition(".")
        layout = self.hub.contract_layout(dataset)
        path = self.hub.county.synth / f"{name}_202612{'.csv' if layout else '.xlsx'}"
        rows = [[self.hub.places.get(str(cell), cell) for cell in row] for row in table]
        path.write_bytes(self.hub.written(table, layout) if layout else sheet([*TITLES, *rows]))
        self.hub.county.parties.hand_in(path, party, name, DECEMBER, self.hub.county.room.now)
        (received,) = self.hub.county.room.take_in()
        return received


@pytest.fixture
def reform(stages: Stages, tmp_path: Path) -> Iterator[Reform]:
    include = succeeded(stages.include, tmp_path / "include")
    policy = load(stages.include, "demo")
    (roster,) = policy.in_role("roster")
    with stages.opened("closed", include) as hub:
        hub.at(BEFORE)
        made = Reform(hub, policy.givers(roster)[0])
        made.count_from(1)
        yield made


def test_a_month_of_before_keeps_the_old_name_and_goes_to_who_acts_now(reform: Reform) -> None:
    hub = reform.hub
    hub.deliver("agency_findings")
    assert reform.recipients("agency_findings", NOVEMBER).count(reform.old.party) == 1
    first = hub.letter(reform.contact, "更正单")
    hub.at(AFTER)
    hub.file("disabled.certificate", [*CERTIFICATE, hub.another_certificate()], form=".xlsx")
    assert hub.close().round == 2
    hub.deliver("agency_findings")
    assert {reform.old.party, HEIR} <= set(reform.recipients("agency_findings", NOVEMBER))
    assert len(hub.mails(reform.contact, "更正单")) == 2
    for told in (first, hub.letter(reform.contact, "第2轮")):
        assert reform.old.title in told
        assert TITLE not in told


def test_what_was_open_is_the_successors_and_its_people_are_reminded(reform: Reform) -> None:
    hub = reform.hub
    cases = hub.county.query('SELECT * FROM core."case" ORDER BY 1')
    hub.at(WINDOW)
    for dataset, table in (("hub.alleviated_person", REGISTER), ("insurance_med.enrolment_roster", ROSTER)):
        assert reform.december(dataset, table).outcome == "accepted"
    hub.at(CLOSED)
    hub.close(DECEMBER)
    before = digests(hub.county.dsn)["core.case"]
    hub.deliver("agency_findings", period=DECEMBER)
    assert HEIR in reform.recipients("agency_findings", DECEMBER)
    assert reform.old.party not in reform.recipients("agency_findings", DECEMBER)
    told = hub.letter(reform.contact, "2026年12月")
    assert TITLE in told
    assert "上轮遗留1条" in told
    assert [row for row in hub.county.query('SELECT * FROM core."case" ORDER BY 1') if row in cases] == cases
    assert digests(hub.county.dsn)["core.case"] == before


def test_the_call_for_data_goes_to_the_successor_alone(reform: Reform) -> None:
    reform.hub.at("2026-12-20T08:00:00+08:00")
    reform.hub.deliver("call_for_data", "open", DECEMBER)
    called = reform.recipients("call_for_data", DECEMBER)
    assert HEIR in called
    assert reform.old.party not in called
    assert TITLE in reform.hub.letter(reform.contact, "2026年12月")


def test_files_from_the_old_folder_seal_and_address_are_the_successors(reform: Reform) -> None:
    hub = reform.hub
    hub.at(WINDOW)
    reform.count_from(0)
    ends = [reform.december("insurance_med.enrolment_roster", ROSTER) for _ in range(2)]
    assert [end.reason for end in ends] == ["replayed", None]  # November's number, then the next one
    table = sheet([*TITLES, *EXPENSE])
    sealed = aeszip.seal([(".xlsx", table)], password(hub.county.hub, reform.old.party, None, DECEMBER))
    (mailed,) = hub.posted(reform.old.contacts[0].email, "高额自付_202612.zip", sealed)
    assert mailed.outcome == "accepted"
    arrived = hub.county.query("SELECT DISTINCT party, contact FROM core.arrival WHERE period = %s", DECEMBER)
    assert arrived == [(HEIR, reform.contact)]
    assert TITLE in hub.letter(reform.contact, "回执")


def test_an_explanation_says_what_the_agency_was_called(reform: Reform) -> None:
    office = reform.hub.county.hub
    for moment, said in ((BEFORE, f"，{reform.old.title} "), (AFTER, f"，{TITLE}（原{reform.old.title}） ")):
        now = reform.hub.at(moment)
        found = explain(office, ILL, now)
        assert found
        assert said in page(office, found, now)
