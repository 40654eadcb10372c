"""What is compared: which rows reach a town or an agency because of which rule, figure or term."""

from __future__ import annotations

from tests.clauses.proving import proves
from tests.clauses.stage import AIDED, DISABLED, ILL, Hub, line, rows


# --- signals and leads ---------------------------------------------------------------------------------------------
@proves("QA-09", object="rule:newly_disabled", sees="file")
def test_a_new_certificate_is_a_signal(compared: Hub) -> None:
    compared.deliver("town_visits")
    row = line(compared.visits(1), DISABLED)
    assert row, "新办残疾证的户没有下发乡镇核查"


@proves(
    "ES-01",
    object="threshold:selfpay_month",
    sees="file",
    swap=("selfpay_month: {values: {2021-01-01: 10000}", "selfpay_month: {values: {2021-01-01: 9999999}"),
)
def test_costs_over_the_line_are_a_signal(compared: Hub) -> None:
    compared.deliver("town_visits")
    row = line(compared.visits(0), ILL, "因病")
    assert row, "自付费用超过1万元的户没有按因病下发"


@proves("ZM-11", "QA-03", object="rule:uninsured", sees="file")
def test_a_member_without_insurance_is_a_signal(compared: Hub) -> None:
    compared.deliver("town_visits")
    row = line(compared.visits(0), ILL, "未参加基本医疗保险")
    assert row, "未参保的成员没有写入核查表"


@proves("QA-18", "ES-03", object="rule:household", sees="file")
def test_a_household_is_asked_for_once(compared: Hub) -> None:
    compared.deliver("town_visits")
    found = [row for row in rows(compared.visits(0)) if ILL in row]
    assert len(found) == 1, "同一户的两项风险没有并成一条线索"
    assert found[0].count("、") >= 1, "并成的线索没有写明两项风险"


# --- findings ------------------------------------------------------------------------------------------------------
@proves("SQ-12", "QA-08", object="rule:death_still_paid", sees="file")
def test_a_dead_man_on_the_list_is_found(compared: Hub) -> None:
    compared.deliver("agency_findings")
    row = line(compared.book("civil-1", "更正单", "civil"), AIDED, "孙戊")
    assert row, "已死亡人员仍在低保名单，更正单没有列出"


@proves("ES-09", object="rule:disability_not_flagged", sees="file")
def test_a_field_is_held_against_its_owner(compared: Hub) -> None:
    compared.deliver("agency_findings")
    row = line(compared.book("hub-1", "更正单", "hub"), DISABLED, "钱丙", "残疾")
    assert row, "登记系统的残疾信息与残联不一致，更正单没有列出"


# --- terms ---------------------------------------------------------------------------------------------------------
@proves(
    "ZM-02",
    object="deadline:visit_orange",
    sees="file",
    swap=("visit_orange: {values: {2021-01-01: 15}", "visit_orange: {values: {2021-01-01: 150}"),
)
def test_a_visit_is_due_in_fifteen_days(compared: Hub) -> None:
    compared.deliver("town_visits")
    row = line(compared.visits(1), DISABLED, "2026-12-16")
    assert row, "核查截止日不是下发之日起15日"


@proves(
    "SQ-15",
    object="deadline:correction",
    sees="mail",
    swap=("correction: {values: {2021-01-01: 3}", "correction: {values: {2021-01-01: 30}"),
)
def test_a_correction_is_due_in_three_days(compared: Hub) -> None:
    compared.deliver("agency_findings")
    told = compared.letter("civil-1", "更正单")
    assert "2026年12月4日前" in told, "更正函的回复期限不是3个工作日"
