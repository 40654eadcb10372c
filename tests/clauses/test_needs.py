"""What agencies without an agreement ask for: answered in time, with the reason or the items; and what is withheld."""

from __future__ import annotations

import io
from email.message import EmailMessage

import openpyxl
import pytest
import yaml

from bidui.pipeline import follow_up, need
from bidui.pipeline.registered import Need, NeedRefused
from bidui.sealing import workbook
from tests.clauses.proving import proves
from tests.clauses.stage import PERIOD, Hub, line

ADDRESS, HEAD = "aid@red-cross.example", "bureau-head"
ASKED = {
    "party": "县红十字会", "office": "救助科", "email": ADDRESS, "dataset": "hub.alleviated_person", "mode": "query",
    "fields": ["村", "姓名"], "use": "monitoring", "purpose": "冬季送温暖物资发放到户", "basis": "县红十字会工作规程",
    "term_from": "2026-12-01", "term_to": "2026-12-31",
}  # fmt: skip
WITHHELD = {"dataset": "statistics.household_survey", "fields": ["本季度可支配收入"]}
TEN_WORKING_DAYS_ON = "2026-12-15T09:00:00+08:00"


def asked(hub: Hub, **other: object) -> Need:
    """Somebody from outside hands in a form."""
    form = yaml.safe_dump({**ASKED, **other}, allow_unicode=True)
    return need.record(hub.county.hub, form, hub.county.room.now)


def mails(hub: Hub, about: str) -> list[EmailMessage]:
    """What the agency got."""
    return [mail for mail in hub.county.mails(ADDRESS) if about in str(mail["Subject"])]


def letter(hub: Hub, about: str) -> str:
    """The text of the newest; empty when there is none."""
    found = mails(hub, about)
    return str(found[-1].get_body(("plain",)).get_content()) if found else ""  # type: ignore[union-attr]


def served(hub: Hub) -> openpyxl.Workbook | None:
    """What an agency gets that asks and is granted it, opened with the password of its need; None without it."""
    office, now = hub.county.hub, hub.county.room.now
    number = asked(hub).number
    try:
        need.grant(office, number, HEAD, now)
        need.serve(office, number, now)
    except NeedRefused:
        return None
    sent = [part.get_content() for mail in mails(hub, "数据（") for part in mail.iter_attachments()]
    return openpyxl.load_workbook(io.BytesIO(workbook.open_(sent[-1], [need.password(office, number, PERIOD)])))


# --- answered ------------------------------------------------------------------------------------------------------
@proves("QA-20", "HY-18", "QA-01", object="recipe:need_reply", sees="mail")
def test_a_refusal_is_told_with_its_reason(received: Hub) -> None:
    number, now = asked(received).number, received.county.room.now
    need.refuse(received.county.hub, number, HEAD, now, "figures_suffice", "发放计划只需各村户数。")
    told = letter(received, "不同意")
    assert "统计数即可满足，不提供名单。发放计划只需各村户数" in told, "申请单位没有收到写明理由的不同意答复"


@proves("QA-20", "HY-18", object="recipe:need_reminder", sees="mail")
def test_who_answers_is_called_before_the_clock_ends(received: Hub) -> None:
    number = asked(received).number
    follow_up.remind(received.county.hub, received.at(TEN_WORKING_DAYS_ON))
    assert number in received.letter(HEAD, "提醒"), "答复期满，答复人没有收到提醒"


@proves(
    "QA-20", "HY-18", object="deadline:need_answer", sees="mail",
    swap=("need_answer: {values: {2021-01-01: 10}", "need_answer: {values: {2021-01-01: 100}"),
)  # fmt: skip
def test_the_clock_is_ten_working_days(received: Hub) -> None:
    asked(received)
    follow_up.remind(received.county.hub, received.at(TEN_WORKING_DAYS_ON))
    assert "今日到期" in received.letter(HEAD, "提醒"), "第十个工作日没有提示今日到期"


# --- withheld ------------------------------------------------------------------------------------------------------
@proves(
    "QA-19", "HY-17", object="contract:statistics.household_survey", sees="refusal",
    swap=("class: withheld", "class: unconditional\n      scope: 各部门\n      mode: 加密文件交换"),
)  # fmt: skip
def test_what_is_withheld_is_refused_with_the_law(received: Hub) -> None:
    asked(received, **WITHHELD)
    told = letter(received, "不同意")
    assert "目录列为不予共享。《中华人民共和国统计法》" in told, "不予共享的数据没有以所依据的法律答复"


# --- served --------------------------------------------------------------------------------------------------------
@proves("QA-01", object="recipe:need_rows", sees="file")
def test_an_agency_without_an_agreement_gets_what_was_granted(received: Hub) -> None:
    row = line(served(received), "赵甲")
    assert row, "没有协议的部门登记的需求同意以后，没有收到数据"


@proves(
    "HY-15", object="recipe:need_rows", sees="file",
    swap=("disclaimer: 参考数据，不作为法定数据。", "disclaimer: 请妥善保管。"),
)  # fmt: skip
def test_what_is_served_says_that_it_is_reference_only(received: Hub) -> None:
    row = line(served(received), "不作为法定数据")
    assert row, "按需求提供的数据没有写明只作参考"


# --- not served: neither an agreement nor a need in force -----------------------------------------------------------
def test_nothing_moves_without_a_grant_in_force(received: Hub) -> None:
    waiting, office = asked(received), received.county.hub
    with pytest.raises(NeedRefused, match="没有生效的协议或者登记的需求，不提供任何数据"):
        need.serve(office, waiting.number, received.county.room.now)
    need.grant(office, waiting.number, HEAD, received.county.room.now)
    with pytest.raises(NeedRefused, match="不在同意的使用期限内"):
        need.serve(office, waiting.number, received.at("2027-01-04T09:00:00+08:00"), PERIOD)
    assert mails(received, "数据（") == []


def test_nothing_is_served_but_the_granted_items(received: Hub) -> None:
    book = served(received)
    assert line(book, "村", "姓名") == "村|姓名"
    assert not line(book, "户编号")
