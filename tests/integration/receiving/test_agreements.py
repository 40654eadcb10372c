"""What an agreement lets in, by its term, contacts, roads, columns, permissions and region: each has a code of its own.

Where a code is raised, the same file or the row beside it shows that it is not raised without need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bidui.pipeline import apply
from bidui.pipeline.certify import certify
from bidui.pipeline.prepare import MAIL_BODY
from bidui.pipeline.receive import Received
from bidui.policy import agreement
from bidui.policy.agreement import Agreement, Contact, Provision
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import read_yaml
from bidui.sealing import authority, machine

from .conftest import NOW, PERIOD, Roads, Row, person, sheet

AGENCY, CERTIFICATES, HOUSEHOLDS, REQUESTS = "disabled", "disabled.certificate", "civil.dibao", "town.change_request"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "证件状态", "发证日期", "乡镇", "村"]
HOUSEHOLD = ["乡镇", "村", "低保证号", "救助类型", "月保障金额", "起保日期", "姓名1", "证件号码1", "与户主关系1"]
REQUEST = [
    "申请编号", "镇", "村", "户编号", "涉及人员姓名", "证件号码", "事项", "指标名称", "原值", "新值", "依据", "申请人",
    "申请日期",
]  # fmt: skip
Alter = Callable[..., Agreement]


@pytest.fixture(scope="module", autouse=True)
def tables(road: Roads, requesting: PolicySet) -> None:
    """Towns hand in requests here, too."""
    vars(road.office)["policy"] = requesting
    apply.apply_policy(road.office, NOW)


@pytest.fixture(scope="module")
def requesting(policy: PolicySet) -> PolicySet:
    """The policy with all that towns give."""
    whole = agreement.read(read_yaml(policy.include / "agreements" / "town.yaml", policy.include))
    towns = whole.model_copy(update={"contacts": policy.agreements["town"].contacts})
    return replace(policy, agreements={**policy.agreements, "town": towns})


@pytest.fixture
def alter(road: Roads, requesting: PolicySet) -> Iterator[Alter]:
    """Changes what one agreement says, for one test; the clock is put back, too."""
    began = road.now

    def altered(party: str = AGENCY, **said: Any) -> Agreement:
        agreements = road.office.policy.agreements
        made = agreements[party].model_copy(update=said)
        vars(road.office)["policy"] = replace(road.office.policy, agreements={**agreements, party: made})
        return made

    yield altered
    vars(road.office)["policy"] = requesting
    road.now = max(began + timedelta(hours=1), NOW)


@pytest.fixture
def hand_in(road: Roads, places: Callable[[int], tuple[str, str, str]]) -> Callable[..., Received]:
    """The agency's list of one, in its folder; each with a person of its own."""
    _, town, village = places(0)

    def handed_in(serial: int, header: list[str] = HEADER) -> Received:
        row = ["张三", f"{person(serial=f'{serial:03d}')}42", "肢体", "二级", "有效", "2026-10-15", town, village]
        return road.folder(AGENCY, "certificate", f"持证残疾人_{PERIOD}.xlsx", sheet(header, row))

    return handed_in


def told(road: Roads, received: Received) -> tuple[list[str], str]:
    """Who was answered, and the text of the mail."""
    contacts = road.rows(
        "SELECT m.contact FROM out.message m JOIN out.delivery d USING (delivery_id)"
        " WHERE d.subject_key = :id ORDER BY 1",
        id=received.arrival_id,
    )
    ((content,),) = road.rows(
        "SELECT t.content_hash FROM out.document t JOIN out.delivery d USING (delivery_id)"
        " WHERE d.subject_key = :id AND t.name = :name", id=received.arrival_id, name=MAIL_BODY)  # fmt: skip
    return [contact for (contact,) in contacts], road.office.vault.get(content).decode()


def ended(received: Received) -> tuple[str, str | None, dict[str, Any]]:
    """How a refused package ended."""
    return received.outcome, received.reason, received.facts


# --- the agreement is in force -----------------------------------------------------------------------------------
def test_nothing_is_taken_from_whom_no_agreement_names(road, hand_in, requesting):
    others = {party: made for party, made in requesting.agreements.items() if party != AGENCY}
    vars(road.office)["policy"] = replace(requesting, agreements=others)
    assert ended(hand_in(1)) == ("refused", "no_agreement", {"party": AGENCY})
    vars(road.office)["policy"] = requesting
    assert hand_in(2).outcome == "accepted"


def test_an_agreement_that_has_ended_is_told_with_its_last_day(road, hand_in, alter):
    alter(valid_to=NOW.date())
    assert hand_in(3).outcome == "accepted"
    road.now = NOW + timedelta(days=1)
    late = hand_in(4)
    assert ended(late) == ("refused", "agreement_lapsed", {"last_day": "2026-11-26"})
    answered, text = told(road, late)
    assert answered == ["disabled-1"]
    assert "数据共享协议不在有效期内" in text
    assert "| 有效期截止日 | 2026-11-26 |" in text


def test_an_agreement_that_is_yet_to_begin_is_told_with_its_first_day(hand_in, alter):
    alter(valid_from=date(2026, 12, 1))
    assert ended(hand_in(5)) == ("refused", "agreement_lapsed", {"first_day": "2026-12-01"})


# --- whoever sends is a contact on record, in force --------------------------------------------------------------
@pytest.fixture
def handover(alter: Alter, requesting: PolicySet, places) -> tuple[Contact, Contact]:
    """The first town's contact leaves on the 27th; another acts from the 26th on."""
    contacts = requesting.agreements["town"].contacts
    old = next(c for c in contacts if c.region == places(0)[0]).model_copy(update={"valid_to": date(2026, 11, 27)})
    new = old.model_copy(
        update={"id": "town-next", "email": "next@xiang.example", "valid_from": date(2026, 11, 26), "valid_to": None}
    )
    alter("town", contacts=(old, *(c for c in contacts if c.id != old.id), new))
    return old, new


@pytest.fixture
def households(road: Roads, places) -> Callable[..., Received]:
    """A town mails its list of households, each with one member: (town, village) of each."""

    def mailed(*where: tuple[str, str], sender: str = "", header: list[str] = HOUSEHOLD) -> Received:
        mark = road.now.strftime("%d%H%M")
        rows = [
            [*place, f"D{mark}{n}", "全额", 300, "2026-03-01", "张三", person(serial=f"{500 + n}"), "户主"]
            for n, place in enumerate(where)
        ]  # fmt: skip
        return road.mail(places(0)[0], f"农村低保_{PERIOD}.xlsx", sheet(header, *rows), sender=sender)

    return mailed


def test_a_change_of_contacts_overlaps_and_breaks_nothing(road, places, households, handover):
    """ES-07: until the last day of the one who goes, both are heard; both are told what became of it."""
    old, new = handover
    here = places(0)[1:]
    road.now = datetime.fromisoformat("2026-11-27T16:00:00+08:00")
    last = households(here, sender=old.email)
    assert (last.outcome, told(road, last)[0]) == ("accepted", ["town-101", "town-next"])
    assert households(here, sender=new.email).outcome == "accepted"
    road.now = datetime.fromisoformat("2026-11-28T09:00:00+08:00")
    assert households(here, sender=new.email).outcome == "accepted"
    refused = households(here, sender=old.email)
    assert ended(refused) == ("refused", "sender_expired", {"last_day": "2026-11-27"})


def test_what_one_who_has_left_sends_is_told_to_those_who_act_now(road, places, households, handover):
    old, _ = handover
    road.now = datetime.fromisoformat("2026-11-28T10:00:00+08:00")
    answered, text = told(road, households(places(0)[1:], sender=old.email))
    assert answered == ["town-next"]
    assert "发件人的专责业务人员备案不在有效期内" in text


def test_the_office_s_address_passes_to_who_comes_next(road, places, households, handover, alter):
    old, new = handover
    others = [c for c in road.office.policy.agreements["town"].contacts if c.id not in (old.id, new.id)]
    alter("town", contacts=(old, new.model_copy(update={"email": old.email}), *others))
    road.now = datetime.fromisoformat("2026-11-28T11:00:00+08:00")
    assert households(places(0)[1:], sender=old.email).outcome == "accepted"


def test_a_folder_whose_contacts_have_all_left_is_told_from_one_that_never_had_any(hand_in, alter, requesting):
    known = requesting.agreements[AGENCY].contacts
    alter(contacts=tuple(c.model_copy(update={"valid_to": date(2026, 10, 31)}) for c in known))
    assert ended(hand_in(6)) == ("refused", "sender_expired", {"last_day": "2026-10-31"})
    alter(contacts=())
    assert ended(hand_in(7)) == ("refused", "sender_unknown", {})


@pytest.fixture
def sign(road: Roads, places, alter: Alter) -> Callable[..., Received]:
    """Hands in the agency's list as a signed package, by a contact who is certified for it."""
    numbers = iter(range(1, 100))

    def signed(serial: int, contact: str = "disabled-1", kind: str = "full") -> Received:
        made = alter(provides=(Provision(dataset=CERTIFICATES, sealing=("machine",), calibre="持证残疾人"),))
        certificate, key = certify(road.office, contact, road.now - timedelta(hours=1), 30)
        row = ["张三", f"{person(serial=f'{serial:03d}')}42", "肢体", "二级", "有效", "2026-10-15", *places(0)[1:]]
        facts = {
            "sender": made.party, "recipient": road.office.policy.hub, "dataset": CERTIFICATES, "period": PERIOD,
            "kind": kind, "data_date": road.now.date(), "seq": int(road.now.timestamp()) + next(numbers),
            "made_at": road.now,
        }  # fmt: skip
        recipients = [authority.hub_keys(road.office.keys).recipient]
        data = machine.seal(sheet(HEADER, row), facts, recipients=recipients, certificate=certificate, key=key)
        return road.folder(AGENCY, "certificate", f"持证残疾人_{PERIOD}.sealed", data)

    return signed


def test_a_package_counts_by_who_has_signed_it(sign, alter, requesting):
    """It lies in the folder of the party, whose first contact is in force: the signer has to be, too."""
    (first,) = requesting.agreements[AGENCY].contacts
    other = first.model_copy(update={"id": "disabled-2", "email": "2@canlian.example"})
    alter(contacts=(first, other))
    assert sign(10, "disabled-2").outcome == "accepted"
    alter(contacts=(first, other.model_copy(update={"valid_to": date(2026, 11, 25)})))
    assert ended(sign(11, "disabled-2")) == ("refused", "signer_expired", {"last_day": "2026-11-25"})
    assert sign(12, "disabled-1").outcome == "accepted"


# --- the road is agreed ------------------------------------------------------------------------------------------
def test_a_file_on_another_road_is_refused_with_those_that_are_agreed(road, hand_in, alter):
    alter(channels=("mail",))
    refused = hand_in(20)
    assert ended(refused) == ("refused", "channel_outside", {"channel": "folder", "allowed": ["mail"]})
    _, text = told(road, refused)
    assert "| 协议约定的方式 | 邮件 |" in text
    assert "| 本次报送的渠道 | 交换文件夹 |" in text
    alter(channels=("folder",))
    assert hand_in(21).outcome == "accepted"


# --- the columns are agreed --------------------------------------------------------------------------------------
def fields(requesting: PolicySet, party: str, dataset: str, *outside: str) -> dict[str, Any]:
    """What an agreement says that holds every column of a dataset but these."""
    kept = tuple(c.name for c in requesting.contracts[dataset].columns if c.name not in outside)
    provides = requesting.agreements[party].provides
    return {"provides": tuple(p.model_copy(update={"fields": kept}) if p.dataset == dataset else p for p in provides)}


def test_a_column_outside_the_agreement_stays_at_the_door(road, hand_in, alter, requesting):
    alter(**fields(requesting, AGENCY, CERTIFICATES, "category", "level", "cancelled_on"))
    received = hand_in(30)
    assert received.outcome == "accepted"
    assert [issue for issue in road.issues(received) if issue[0] is None] == [
        (None, "序号", "column_absent"), (None, "残疾类别", "field_outside"), (None, "残疾等级", "field_outside"),
    ]  # fmt: skip
    assert received.facts["dropped_columns"] == 2
    assert received.facts["note"]["field_outside"] == 2
    stored = "SELECT category, level, status FROM data.disabled__certificate WHERE submission_id = :id"
    assert road.rows(stored, id=received.submission_id) == [(None, None, "valid")]
    _, text = told(road, received)
    assert "下列2列不在共享协议约定范围内，已当场丢弃、未予留存：残疾类别、残疾等级。" in text
    assert "| 该列不在共享协议约定的字段之内，已在入口丢弃 | Sheet1，整份文件，“残疾类别”列 | 1 |" in text
    alter(**fields(requesting, AGENCY, CERTIFICATES, "cancelled_on"))
    whole = hand_in(31)
    assert "field_outside" not in whole.facts["note"]
    assert road.rows(stored, id=whole.submission_id) == [("physical", "2", "valid")]


def test_what_a_suite_asks_of_such_a_column_is_not_asked(road, hand_in, alter, requesting):
    """Without category and level, nobody is told that they are missing (certificate_detail_missing)."""
    short = [title for title in HEADER if title not in ("残疾类别", "残疾等级")]
    row = ["张三", f"{person(serial='032')}42", "有效", "2026-10-15", "", ""]
    lacking = road.folder(AGENCY, "certificate", f"持证残疾人a_{PERIOD}.xlsx", sheet(short, row))
    assert "certificate_detail_missing" in {code for _, _, code in road.issues(lacking)}
    alter(**fields(requesting, AGENCY, CERTIFICATES, "category", "level"))
    assert "certificate_detail_missing" not in {code for _, _, code in road.issues(hand_in(33))}


def test_of_a_sheet_of_households_the_column_of_every_member_stays_there(road, places, households, alter, requesting):
    alter("town", **fields(requesting, "town", HOUSEHOLDS, "relation", "amount"))
    received = households(places(1)[1:], places(0)[1:])
    dropped = [title for _, title, code in road.issues(received) if code == "field_outside"]
    assert dropped == ["月保障金额", "与户主关系1"]
    assert road.rows(
        "SELECT DISTINCT relation, amount, member_no FROM data.civil__dibao WHERE submission_id = :id",
        id=received.submission_id,
    ) == [(None, None, 1)]


# --- what the party may do ---------------------------------------------------------------------------------------
def test_who_may_not_enter_data_sends_none_but_mends_its_own(road, hand_in, sign, alter, requesting):
    whole = sign(40)
    alter(may={"query": "all", "statistics": "all"})
    assert ended(sign(41)) == ("refused", "mode_outside", {})
    mended = sign(42, kind="amend")
    assert (mended.outcome, mended.facts["superseded"]) == ("accepted", True)
    assert mended.facts["accepted"] == whole.facts["accepted"] + 1
    alter(provides=requesting.agreements[AGENCY].provides)
    assert ended(hand_in(43)) == ("refused", "mode_outside", {})


def request(at: int, place: tuple[str, str], item: str) -> Row:
    """A row of a town's list of requests."""
    who = [f"BG2026110{at:02d}", *place, f"9900100{at:04d}", "张三", person(serial=f"{600 + at}")]
    return [*who, item, "务工所在地", "某某县", "某某市", "入户核实记录", "李四", "2026-11-12"]


@pytest.fixture
def requests(road: Roads, places) -> Callable[..., Received]:
    """The first town mails its requests."""
    return lambda *rows: road.mail(places(0)[0], f"变更申请_{PERIOD}.xlsx", sheet(REQUEST, *rows))


def test_a_town_asks_for_modifications_in_its_own_region_and_for_nothing_else(road, places, requests):
    """SQ-09: identification, elimination, adding and removing stay with the hub."""
    here, there = places(0)[1:], places(1)[1:]
    received = requests(
        request(1, here, "基础信息修改"), request(2, here, "识别纳入"), request(3, here, "风险消除"),
        request(4, here, "整户新增"), request(5, here, "人口减少"), request(6, here, "帮扶力量调整"),
        request(7, there, "信息更正"), request(8, there, "整户减少"), request(9, here, "改一下"),
    )  # fmt: skip
    assert (received.outcome, received.scope, received.facts["accepted"]) == ("partly_accepted", places(0)[0], 2)
    assert [issue for issue in road.issues(received) if issue[0]] == [
        (3, "事项", "mode_outside"), (4, "事项", "mode_outside"), (5, "事项", "mode_outside"),
        (6, "事项", "mode_outside"), (8, "村", "region_outside"), (9, "事项", "mode_outside"),
        (10, "事项", "value_not_in_list"),
    ]  # fmt: skip
    assert road.rows(
        "SELECT request_no, item FROM data.town__change_request WHERE submission_id = :id ORDER BY 1",
        id=received.submission_id,
    ) == [("BG202611001", "basic_data"), ("BG202611006", "helper")]
    answered, text = told(road, received)
    assert answered == ["town-101"]
    assert "| 超出共享协议授予的权限 | Sheet1，第3、4、5行等，“事项”列 | 5 | 未采用。识别纳入" in text
    assert "逐行清单见问题簿" in text


def test_whom_the_agreement_lets_change_membership_asks_for_it(road, places, requests, alter):
    alter("town", may={"entry": "own", "modification": "own", "membership": "own"})
    here, there = places(0)[1:], places(1)[1:]
    received = requests(request(11, here, "识别纳入"), request(12, there, "识别纳入"))
    assert [issue for issue in road.issues(received) if issue[0]] == [(3, "村", "region_outside")]
    alter("town", may={"entry": "own", "modification": "own", "membership": "all"})
    assert requests(request(13, here, "识别纳入"), request(14, there, "识别纳入")).outcome == "accepted"


# --- of which region ---------------------------------------------------------------------------------------------
def test_a_town_speaks_of_its_own_region(road, places, households, alter):
    (_, here, village), (_, there, elsewhere) = places(0), places(1)
    received = households(
        (here, village), (there, elsewhere), (there, "无此村"), (here, "无此村"), (here, ""), ("", "")
    )
    assert (received.outcome, received.facts["accepted"]) == ("partly_accepted", 4)
    assert [issue for issue in road.issues(received) if issue[0]] == [
        (3, "村", "region_outside"), (4, "村", "region_outside"),
    ]  # fmt: skip
    alter("town", may={"entry": "all"})
    assert households((here, village), (there, elsewhere)).facts["accepted"] == 2


def test_an_agency_s_own_region_is_all_of_the_hub_s(hand_in, alter):
    alter(may={"entry": "own"})
    assert hand_in(50).outcome == "accepted"


def test_no_refusal_and_no_fact_says_a_name(road):
    """What the ledger keeps of all the files above, and of their issues."""
    kept = road.rows("SELECT facts::text FROM core.intake UNION ALL SELECT column_name FROM core.row_issue")
    assert kept
    assert not [text for (text,) in kept if text and ("张三" in text or "990821" in text)]
