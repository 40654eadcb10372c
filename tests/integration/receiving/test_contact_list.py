"""Lists of contacts: called for, chased until they are in, compared with who is on record, and taken (ZM-09, ES-07)."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from bidui.cli import app
from bidui.orchestration import clock
from bidui.pipeline import apply, contact_list, deliver
from bidui.pipeline.certify import certify
from bidui.pipeline.office import Office
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Contact
from bidui.policy.loading import load
from bidui.sealing import authority, workbook
from bidui.store.database import Role
from tests.policies import unreleased

from .conftest import NOW, PERIOD, Roads, sheet

TITLES = ["单位", "分管领导", "责任科室", "联系人", "职务", "办公电话", "电子邮箱", "备注"]
STAYS = [
    "县民政局",
    "分管副局长",
    "业务股室",
    "民政专责联络员",
    "专责联络员",
    "0999-8240001",
    "dibao@minzheng.example",
    "",
]
COMES = ["县民政局", "王五 副局长", "社会救助股", "张三", "股长", "0999-8240009", "zhangsan@minzheng.example", "兼职"]


@pytest.fixture
def road(copied: Callable[[], AbstractContextManager[str]], passwords: Path, tmp_path: Path) -> Iterator[Roads]:
    """The roads of an office whose policy may be written to."""
    home = tmp_path / "home"
    shutil.copytree(passwords, home / "secrets")
    (home / "post").mkdir()
    authority.create_hub_keys(home / "keys", now=NOW - timedelta(days=90), next_update=NOW + timedelta(days=365))
    with copied() as address:
        office = Office(home, unreleased(tmp_path / "include"), "demo", address, "127.0.0.1:9")
        apply.apply_policy(office, NOW)
        yield Roads(office)
        office.database.close()


def hand_in(road: Roads, *rows: list[str], party: str = "civil") -> Received:
    """A list of contacts, sealed with the party's password."""
    data = workbook.seal(sheet(TITLES, *rows), password(road.office, party, None, PERIOD))
    return road.folder(party, "contact_list", f"联系人名单_202611_{road.now:%H%M%S}.xlsx", data)


def told(road: Roads) -> list[tuple[str, str, str]]:
    """(kind, id, name) of what the lists say otherwise."""
    return [(c.kind, c.contact.id, c.contact.name) for c in contact_list.compare(road.office, road.now)]


def lines(road: Roads) -> list[str]:
    return (road.office.include / "contacts" / "demo.csv").read_text(encoding="utf-8").splitlines()


def taken(road: Roads) -> dict[str, Contact]:
    """What the lists say is taken; the party's contacts then, by id."""
    contact_list.take(road.office, contact_list.compare(road.office, road.now))
    policy = load(road.office.include, "demo")
    vars(road.office)["policy"] = policy
    return {contact.id: contact for contact in policy.agreements["civil"].contacts}


def mailed(road: Roads, moment: str) -> list[str]:
    """To whom the moment's call or reminder for a list of contacts is prepared."""
    wanted = {"open": "call_for_contacts", "day": "contact_reminder"}[moment]
    errands = {"open": deliver.errands_of_open, "day": deliver.errands_of_day}[moment](road.office, PERIOD, road.now)
    mine = [errand for errand in errands if errand.recipe == wanted]
    return [errand.recipient for errand in mine if deliver.prepared(road.office, errand, road.now)]


def test_a_list_that_says_what_is_on_record_changes_nothing(road: Roads) -> None:
    assert hand_in(road, STAYS).outcome == "accepted"
    before = lines(road)
    assert told(road) == []
    taken(road)
    assert lines(road) == before


def test_who_comes_and_who_goes_overlap(road: Roads) -> None:
    hand_in(road, COMES)
    assert told(road) == [("new", "", "张三"), ("gone", "civil-1", "民政专责联络员")]
    before, today = lines(road), road.now.date()
    found = taken(road)
    assert found["civil-2"].email == COMES[6]
    assert (found["civil-2"].leader, found["civil-2"].office, found["civil-2"].phone) == (COMES[1], COMES[2], COMES[5])
    assert (found["civil-2"].valid_from, found["civil-2"].valid_to) == (today, None)
    assert found["civil-1"].valid_to == today + timedelta(days=30)
    kept = [line.rstrip(",").removesuffix(found["civil-1"].valid_to.isoformat()).rstrip(",") for line in lines(road)]
    assert [line.rstrip(",") for line in before] == kept[: len(before)]
    assert len(kept) == len(before) + 1
    assert told(road) == []  # taken once is enough


def test_another_leader_or_phone_is_a_change_of_the_same_contact(road: Roads) -> None:
    hand_in(road, [*STAYS[:1], "赵六 副局长", *STAYS[2:]])
    assert told(road) == [("changed", "civil-1", "民政专责联络员")]
    count = len(lines(road))
    found = taken(road)
    assert (found["civil-1"].leader, found["civil-1"].valid_to, len(lines(road))) == ("赵六 副局长", None, count)


@pytest.mark.parametrize("address", ["zhengjian@canlian.example", "张三的邮箱"])
def test_an_address_of_somebody_else_or_of_nobody_is_not_taken(road: Roads, address: str) -> None:
    hand_in(road, STAYS, [*COMES[:6], address, ""])
    assert told(road) == [("unclear", "", "张三")]
    before = lines(road)
    taken(road)
    assert lines(road) == before


def test_an_address_on_the_lists_of_two_parties_is_asked_about(road: Roads) -> None:
    hand_in(road, STAYS, COMES)
    theirs = ["残联专责联络员", "专责联络员", "0999-8250001", "zhengjian@canlian.example", ""]
    hand_in(road, [*STAYS[:3], *theirs], [*COMES[:3], "李四", *COMES[4:6], "ZhangSan@minzheng.example", ""],
            party="disabled")  # fmt: skip
    found = contact_list.compare(road.office, road.now)
    assert [(c.kind, c.party, c.contact.name, c.reason) for c in found] == [
        ("unclear", "civil", "张三", "县残疾人联合会报来的名单上也有这个电子邮箱"),
        ("unclear", "disabled", "李四", "县民政局报来的名单上也有这个电子邮箱"),
    ]
    before = lines(road)
    taken(road)
    assert lines(road) == before


def test_what_was_put_on_record_since_the_list_stands(road: Roads) -> None:
    hand_in(road, STAYS)
    file = road.office.include / "contacts" / "demo.csv"
    since = "civil,civil-9,李四,股长,分管副局长,业务股室,lisi@minzheng.example,0999-8240002,,,2026-12-01,\n"
    file.write_text(file.read_text(encoding="utf-8") + since, encoding="utf-8")
    vars(road.office)["policy"] = load(road.office.include, "demo")
    road.now += timedelta(days=30)
    assert told(road) == []


def test_a_list_is_called_for_and_chased_until_it_is_in(road: Roads) -> None:
    agencies = ["civil", "disabled", "insurance_med"]
    assert sorted(mailed(road, "open")) == agencies
    road.now += timedelta(days=8)
    assert mailed(road, "day") == []  # the last day itself
    hand_in(
        road,
        [*STAYS[:3], "残联专责联络员", "专责联络员", "0999-8250001", "zhengjian@canlian.example", ""],
        party="disabled",
    )
    road.now += timedelta(days=1)
    assert sorted(mailed(road, "day")) == ["civil", "insurance_med"]
    road.now += timedelta(days=1)
    assert mailed(road, "day") == []  # not every day
    hand_in(road, STAYS)
    road.now += timedelta(days=3)
    assert mailed(road, "day") == ["insurance_med"]


def test_a_list_that_still_speaks_is_not_called_for_again(road: Roads) -> None:
    hand_in(road, STAYS)
    assert "civil" not in mailed(road, "open")
    road.now += timedelta(days=366)
    assert "civil" in mailed(road, "open")


def test_the_list_goes_out_in_the_table_of_the_annex(road: Roads) -> None:
    certify(road.office, "insurance_med-1", road.now, 365)
    book = openpyxl.load_workbook(io.BytesIO(contact_list.export(road.office, road.now)))
    rows = [[str(cell or "") for cell in row] for row in book.worksheets[0].values]
    header = next(at for at, row in enumerate(rows) if row[:8] == TITLES)
    table = {row[6]: row for row in rows[header + 1 :]}
    civil, insurance = table["dibao@minzheng.example"], table["roster@yibao.example"]
    assert civil[:8] == STAYS
    with road.office.database.begin(Role.INTAKE) as connection:
        fingerprint = connection.exec_driver_sql("SELECT fingerprint FROM core.certificate").scalar_one()
    assert insurance[8] == fingerprint[:16]
    assert insurance[9].startswith(date.isoformat(road.now.date()))
    assert civil[8] == ""
    assert len(table) == sum(len(made.contacts) for made in road.office.policy.agreements.values())


def test_a_blank_list_is_that_of_one_party(road: Roads) -> None:
    made = contact_list.blank(road.office.policy, "civil", road.now.date())
    (header,) = [r for r in openpyxl.load_workbook(io.BytesIO(made)).worksheets[0].values if r[0] == "单位"]
    assert list(header) == TITLES
    assert contact_list.blank(road.office.policy, "bureau", road.now.date()) is None


def test_the_command_shows_first_and_writes_when_told(road: Roads, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(road, COMES)
    office = road.office
    clock.put(office.home / clock.FILE, road.now)
    for name, value in (("HOME", office.home), ("INCLUDE", office.include), ("PROFILE", "demo"),
                        ("DB", office.database_address), ("SMTP", "127.0.0.1:9")):  # fmt: skip
        monkeypatch.setenv(f"BIDUI_{name}", str(value))
    monkeypatch.setenv(clock.SIMULATED, "1")
    before = lines(road)
    shown = CliRunner().invoke(app, ["contacts", "take"])
    assert "新增　县民政局　　张三　zhangsan@minzheng.example" in shown.output
    assert "离任　县民政局　civil-1　民政专责联络员　dibao@minzheng.example，登记至 2026-12-26 止" in shown.output
    assert (shown.exit_code, lines(road)) == (0, before)
    assert "已写入在册名单" in CliRunner().invoke(app, ["contacts", "take", "--write"]).output
    assert len(lines(road)) == len(before) + 1
    assert "一致，不用改" in CliRunner().invoke(app, ["contacts", "take"]).output
    file = office.home / "list.xlsx"
    assert CliRunner().invoke(app, ["contacts", "export", "--to", str(file)]).exit_code == 0
    assert "张三" in str(list(openpyxl.load_workbook(file).worksheets[0].values))
    nothing = CliRunner().invoke(app, ["contacts", "export", "--to", str(file), "--blank", "town"])
    assert (nothing.exit_code, "没有空白表" in nothing.output) == (1, True)
