"""What an agency without an agreement asks for: recorded once, answered within the clock, a refusal with its reason."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bidui.domain.working_days import WorkingCalendar
from bidui.pipeline import follow_up, need
from bidui.pipeline.registered import NeedRefused
from bidui.store import ledger, tables
from bidui.store.database import Role

from .conftest import ADDRESS, ASKED, HEAD, WITHHELD, Window


# --- recorded -----------------------------------------------------------------------------------------------------
def test_a_need_is_recorded_with_its_clock(window: Window) -> None:
    asked = window.asked()
    (found,) = need.listed(window.office, window.now)
    assert found.need == asked
    assert (asked.decision, asked.fields, asked.use) == (None, ("姓名", "村", "户类型"), "monitoring")
    assert (found.due.day, found.overdue) == (date(2026, 12, 15), False)  # ten working days from 1 December
    assert window.mails() == []


def test_the_same_content_is_one_need(window: Window) -> None:
    first = window.asked()
    window.later(days=1)
    assert window.asked() == first
    assert window.asked(term_to="2027-03-31") != first
    assert len(need.listed(window.office, window.now)) == 2


def test_names_and_words_are_understood_as_well_as_codes(window: Window) -> None:
    words = {"dataset": "脱贫人口与监测对象信息", "use": "防止返贫致贫动态监测和帮扶"}
    assert window.asked(**words, fields=["name", "行政村", "户类型"]) == window.asked()


@pytest.mark.parametrize(("said", "told"), [
    ({"party": None}, "申请单位（party）没有填写"),
    ({"email": "红十字会"}, "联系邮箱（email）填写不对：应为一个邮箱地址"),
    ({"dataset": "hub.alleviated"}, "所需数据（dataset）目录中没有“hub.alleviated”，是不是hub.alleviated_person"),
    ({"dataset": "天气"}, "所需数据（dataset）目录中没有“天气”，代号和名称用 catalogue export 导出"),
    ({"mode": "copy"}, "使用方式（mode）填写不对：应为 query（名单）或者 statistics（统计数）"),
    ({"fields": []}, "所需项目（fields）没有填写"),
    ({"fields": "村、姓名"}, "所需项目（fields）填写不对：应为一列项目，写在方括号中并用逗号隔开，如 [村, 姓名]"),
    ({"term_from": "下个月"}, "使用期限起（term_from）填写不对：应为一个日期，如 2026-12-01"),
    ({"fields": ["姓名", "血型"]}, "所需项目（fields）中的“血型”不是这项数据的项目"),
    ({"use": "advertising"}, "用途（use）应为防止返贫致贫动态监测和帮扶"),
    ({"purpose": "核实 990821199001011234 一户"}, "具体事项（purpose）中有像证件号码或电话号码的内容"),
    ({"term_to": "2026-11-30"}, "使用期限止（term_to）早于使用期限起"),
    ({"requested_on": "2026-12-02"}, "申请日期（requested_on）还没有到"),
    ({"telephone": "1"}, "“telephone”不是登记表中的项目"),
])  # fmt: skip
def test_a_fault_is_told_by_its_field(window: Window, said: dict[str, Any], told: str) -> None:
    with pytest.raises(NeedRefused) as refused:
        window.asked(**said)
    assert refused.value.code == "need_form_faulty"
    assert told in str(refused.value)
    assert need.listed(window.office, window.now) == []


def test_every_fault_is_told_at_once_and_no_value(window: Window) -> None:
    with pytest.raises(NeedRefused) as refused:
        window.asked(party=None, email="990821199001011234", **{"990821199001011234": 1})
    assert "申请单位" in str(refused.value)
    assert "联系邮箱" in str(refused.value)
    assert "990821199001011234" not in str(refused.value)


@pytest.mark.parametrize("form", ["- a\n- b", "party: [", "", "一份申请", "party: 县红十字会".encode("gb18030")])
def test_what_is_no_form_is_refused(window: Window, form: str | bytes) -> None:
    with pytest.raises(NeedRefused, match="登记表不是“项目: 内容”的格式"):
        need.record(window.office, form, window.now)


# --- answered -----------------------------------------------------------------------------------------------------
def test_a_grant_is_mailed_with_items_and_term(window: Window) -> None:
    granted = need.grant(window.office, window.asked().number, HEAD, window.now, ("姓名", "village"))
    assert (granted.decision, granted.granted, granted.decided_by) == ("granted", ("姓名", "村"), HEAD)
    (mail,) = window.mails()
    assert mail["Subject"] == f"数据共享需求{granted.number}的答复：同意"
    assert mail["To"] == ADDRESS
    said = window.letter()
    assert "同意提供：姓名、村。使用期限自2026年12月1日至2026年12月31日" in said
    assert "县红十字会：" in said
    assert list(mail.iter_attachments()) == []


def test_a_refusal_is_mailed_with_reason_and_basis(window: Window) -> None:
    asked = window.asked()
    refused = need.refuse(window.office, asked.number, HEAD, window.now, "figures_suffice", "发放计划只需各村户数。")
    assert (refused.decision, refused.reason) == ("refused", "figures_suffice")
    assert "不予提供：统计数即可满足，不提供名单。发放计划只需各村户数。" in window.letter()


def test_what_is_withheld_is_refused_at_once_with_the_law(window: Window) -> None:
    """QA-19: nobody has to decide what the catalogue already says."""
    refused = window.asked(dataset=WITHHELD, fields=["本季度可支配收入"])
    assert (refused.decision, refused.reason, refused.decided_by) == ("refused", "withheld", None)
    said = r"不予提供：目录列为不予共享。《中华人民共和国统计法》.*不得对外提供、泄露的规定。\r"
    assert re.search(said, window.letter())
    with pytest.raises(NeedRefused) as told:
        need.grant(window.office, refused.number, HEAD, window.now)
    assert told.value.code == "need_withheld"
    window.asked(dataset=WITHHELD, fields=["本季度可支配收入"])
    assert len(window.mails()) == 1


def test_only_who_holds_the_role_answers(window: Window) -> None:
    asked = window.asked()
    for by in ("farm-office", "hub-1", "nobody"):
        with pytest.raises(NeedRefused, match="答复人不是在册"):
            need.grant(window.office, asked.number, by, window.now)
        with pytest.raises(NeedRefused, match="答复人不是在册"):
            need.refuse(window.office, asked.number, by, window.now, "not_held", "没有。")
    assert window.rows("SELECT * FROM core.need_answer") == []


@pytest.mark.parametrize(("said", "fields", "code"), [
    ({}, ("姓名", "证件号码"), "need_field_outside"),  # not asked for
    ({"fields": ["姓名", "健康状况"]}, (), "need_field_outside"),  # health is another agency's to give
    ({"dataset": "civil.dibao", "fields": ["救助类型"]}, (), "need_not_ours"),
    ({"use": "authorised_check"}, (), "need_use_outside"),
])  # fmt: skip
def test_what_the_hub_may_not_give_cannot_be_granted(
    window: Window, said: dict[str, Any], fields: tuple[str, ...], code: str
) -> None:
    asked = window.asked(**said)
    with pytest.raises(NeedRefused) as refused:
        need.grant(window.office, asked.number, HEAD, window.now, fields)
    assert refused.value.code == code
    assert need.listed(window.office, window.now)[0].need.decision is None


@pytest.mark.parametrize(("reason", "said"), [
    ("not liked", "不便提供。"), ("not_held", " "), ("not_held", "见 990821199001011234"),
])  # fmt: skip
def test_a_refusal_without_its_reason_is_none(window: Window, reason: str, said: str) -> None:
    with pytest.raises(NeedRefused, match="没有说明理由"):
        need.refuse(window.office, window.asked().number, HEAD, window.now, reason, said)
    assert window.mails() == []


def test_an_answer_is_final_and_the_same_again_changes_nothing(window: Window) -> None:
    granted = window.granted()
    window.later(days=40)
    assert need.grant(window.office, granted.number, HEAD, window.now) == granted
    assert len(window.mails()) == 1
    with pytest.raises(NeedRefused, match="已经另作答复"):
        need.refuse(window.office, granted.number, HEAD, window.now, "not_held", "没有。")
    with pytest.raises(NeedRefused, match="已经另作答复"):
        need.grant(window.office, granted.number, HEAD, window.now, ("姓名",))


@pytest.mark.parametrize("number", ["0000000000", "", "%", "______"])
def test_a_number_that_names_no_need_is_told(window: Window, number: str) -> None:
    window.asked()
    with pytest.raises(NeedRefused, match="没有这项共享需求"):
        need.grant(window.office, number, HEAD, window.now)


# --- the clock ----------------------------------------------------------------------------------------------------
def test_who_answers_is_reminded_from_three_days_before_until_it_is_answered(window: Window) -> None:
    asked = window.asked()
    address = "head@bureau.example"
    window.later(days=10)  # 11 December: four days left
    follow_up.remind(window.office, window.now)
    assert window.mails(address) == []
    for days, times in ((1, 1), (0, 1), (4, 2)):  # 12 December, the same day once more, 16 December: a day too late
        window.later(days=days, minutes=1)
        follow_up.remind(window.office, window.now)
        assert len(window.mails(address)) == times
    (found,) = need.listed(window.office, window.now)
    assert found.overdue
    said = window.mails(address)[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "答复县红十字会的共享需求" in said
    assert asked.number in said
    assert "已逾期1天" in said
    need.grant(window.office, asked.number, HEAD, window.now)
    window.later(days=1)
    follow_up.remind(window.office, window.now)
    assert len(window.mails(address)) == 2
    assert not need.listed(window.office, window.now)[0].overdue


def test_a_provisional_date_mends_itself_when_the_year_is_published(window: Window) -> None:
    window.now = window.now.replace(day=25)
    window.asked(term_to="2027-03-31")
    (found,) = need.listed(window.office, window.now)
    assert (found.due.day, found.due.provisional) == (date(2027, 1, 8), True)
    calendar = window.office.policy.calendar
    known = WorkingCalendar(
        {**calendar.holidays, date(2027, 1, 4): "元旦"}, calendar.makeup, calendar.published_years | {2027}
    )
    vars(window.office)["policy"] = replace(window.office.policy, calendar=known)
    (found,) = need.listed(window.office, window.now)
    assert found.due.day > date(2027, 1, 8)
    assert not found.due.provisional


def test_an_answer_that_was_not_told_is_told_by_the_daily_follow_up(window: Window) -> None:
    asked = window.asked()
    with window.office.database.begin(Role.DELIVER) as connection:  # as a process leaves it that dies right here
        ledger.record(connection, tables.need_answer, {
            "need_id": asked.need_id, "decision": "granted", "reason": None, "said": None, "fields": ["村"],
            "decided_by": HEAD, "answered_on": window.now.date(), "recorded_as_of": window.now,
        })  # fmt: skip
    window.later(days=1)
    follow_up.remind(window.office, window.now)
    follow_up.remind(window.office, window.now)
    assert len(window.mails()) == 1


def test_no_value_of_the_form_is_in_a_subject(window: Window) -> None:
    window.granted()
    assert not [mail for mail in window.mails() if ASKED["purpose"] in mail["Subject"] or "红十字" in mail["Subject"]]
