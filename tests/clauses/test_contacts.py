"""Who exchanges the data: lists of contacts that are called for, chased, compared with the record."""

from __future__ import annotations

import io

import openpyxl

from bidui.pipeline import contact_list, follow_up
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.sealing import workbook
from tests.clauses.proving import proves
from tests.clauses.stage import PERIOD, Hub, line, sheet

CALLED, LAST_DAY, OVERDUE = "2026-11-20T08:00:00+08:00", "2026-11-28T09:00:00+08:00", "2026-11-29T09:00:00+08:00"
LATER = "2026-12-05T09:00:00+08:00"
TITLES = ["单位", "分管领导", "责任科室", "联系人", "职务", "办公电话", "电子邮箱", "备注"]
COMES = ["县民政局", "王五 副局长", "社会救助股", "张三", "股长", "0999-8240009", "zhangsan@minzheng.example", ""]


def handed_in(hub: Hub) -> Received:
    """An agency's list, in which another contact stands."""
    sealed = workbook.seal(sheet([TITLES, COMES]), password(hub.county.hub, "civil", None, PERIOD))
    hub.county.parties.drop(sealed, "civil", "contact_list", f"联系人名单_{PERIOD.replace('-', '')}.xlsx")
    (received,) = hub.county.room.take_in()
    return received


@proves("ZM-09", "QA-17", object="recipe:call_for_contacts", sees="mail")
def test_an_agency_is_sent_the_annex_to_fill_in(begun: Hub) -> None:
    begun.at(CALLED)
    begun.deliver("call_for_contacts", "open")
    told = begun.letter("civil-1", "联系人名单报送通知")
    assert "2026年11月28日前" in told, "部门没有收到限期报送联系人名单的通知"
    blank = openpyxl.load_workbook(io.BytesIO(begun.attached("civil-1", "联系人名单报送通知")))
    assert line(blank, "|".join(TITLES)), "通知没有附空白的联系人名单"


@proves("ZM-09", object="recipe:contact_reminder", sees="mail")
def test_whoever_has_not_handed_it_in_is_chased_until_it_is_in(begun: Hub) -> None:
    office = begun.county.hub
    begun.at(CALLED)
    begun.deliver("call_for_contacts", "open")
    follow_up.remind(office, begun.at(LAST_DAY))
    assert not begun.mails("civil-1", "提醒"), "还没有逾期就催报联系人名单"
    follow_up.remind(office, begun.at(OVERDUE))
    assert "信息共享联系人名单" in begun.letter("civil-1", "提醒"), "逾期没有报送联系人名单的部门没有收到催报"
    handed_in(begun)
    follow_up.remind(office, begun.at(LATER))
    chased = {contact: len(begun.mails(contact, "提醒")) for contact in ("civil-1", "disabled-1")}
    assert chased == {"civil-1": 1, "disabled-1": 2}, "名单报来以后还在催报，或者没有报的不再催报"


@proves("ZM-09", "QA-17", "HY-01", object="contract:hub.contact_list", sees="refusal")
def test_an_agency_names_its_leader_office_and_contact(begun: Hub) -> None:
    received = handed_in(begun)
    assert received.outcome == "accepted", "部门报来的联系人名单没有契约，被退回"
    assert received.scope == "civil", "部门报来的联系人名单没有按部门登记"


@proves("ES-07", "QA-14", object="contract:hub.contact_list", sees="row")
def test_who_comes_and_who_goes_are_on_record_together(begun: Hub) -> None:
    handed_in(begun)
    office, now = begun.county.hub, begun.county.room.now
    found = {change.kind: change.contact for change in contact_list.compare(office, now)}
    assert "new" in found, "部门新报的联系人没有列入待登记名单"
    assert found["new"].valid_from < found["gone"].valid_to, "新老联系人没有重叠的在册时间"
