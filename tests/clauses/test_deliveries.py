"""What goes out: whom the hub tells what, in which words, and after whose approval."""

from __future__ import annotations

from bidui.pipeline import follow_up
from tests.clauses.proving import proves
from tests.clauses.stage import AIDED, CERTIFICATE, ILL, Hub, line
from tests.e2e.county import TOWNS

CALLED = "2026-11-20T08:00:00+08:00"
OVERDUE = "2027-01-20T09:00:00+08:00"


# --- calls and reminders -------------------------------------------------------------------------------------------
@proves("QA-06", "SQ-16", object="recipe:call_for_data", sees="mail")
def test_everybody_is_called_upon_each_month(begun: Hub) -> None:
    begun.at(CALLED)
    begun.deliver("call_for_data", "open")
    assert begun.mails("disabled-1", "报送通知"), "部门没有收到本月的报送通知"


@proves(
    "ZM-07", "ES-02", object="window:month", sees="mail",
    swap=("opens_day: 25, closes_day: 30", "opens_day: 1, closes_day: 12"),
)  # fmt: skip
def test_the_window_is_from_the_25th_to_the_30th(begun: Hub) -> None:
    begun.at(CALLED)
    begun.deliver("call_for_data", "open")
    told = begun.letter("disabled-1", "报送通知")
    assert "2026年11月25日至2026年11月30日" in told, "报送通知写的不是25日至30日"


@proves("ZM-12", "ES-06", object="recipe:reminder", sees="mail")
def test_whoever_is_overdue_is_reminded(closed: Hub) -> None:
    follow_up.remind(closed.county.hub, closed.at(OVERDUE))
    assert closed.mails("town-101", "提醒"), "逾期未核查的乡镇没有收到提醒"


# --- to towns ------------------------------------------------------------------------------------------------------
@proves("QA-10", "ES-03", "ZM-02", object="recipe:town_visits", sees="file")
def test_a_town_is_sent_its_households(closed: Hub) -> None:
    closed.deliver("town_visits")
    row = line(closed.visits(0), ILL)
    assert row, "乡镇没有收到写明待核查户的核查表"


@proves(
    "HY-01", "QA-14", object="contacts:demo", sees="mail",
    swap=("990821101,2026-01-01,", "990821101,2026-01-01,2026-06-30"),
)  # fmt: skip
def test_a_towns_mail_goes_to_its_officer(closed: Hub) -> None:
    closed.deliver("town_visits")
    assert closed.mails("town-101", "核查任务"), "乡镇没有在册的信息员，核查任务没有人收到"


@proves(
    "QA-07",
    object="recipe:town_visits",
    sees="file",
    swap=("  template: town_visits", "  sealing: plain\n  template: town_visits"),
)
def test_what_leaves_with_names_is_sealed(closed: Hub) -> None:
    closed.deliver("town_visits")
    sent = closed.attached("town-101", "核查任务")
    assert sent[:2] not in (b"", b"PK"), "入户核查表没有加密就发出"


@proves(
    "HY-15",
    object="recipe:town_visits",
    sees="file",
    swap=("disclaimer: 参考数据，不作为法定数据。", "disclaimer: 请妥善保管。"),
)
def test_a_sheet_says_that_it_is_reference_only(closed: Hub) -> None:
    closed.deliver("town_visits")
    row = line(closed.visits(0), "不作为法定数据")
    assert row, "核查表没有写明数据只作参考"


@proves("QA-10", "ES-04", "ZM-02", object="rule:verification", sees="row")
def test_what_a_town_found_is_kept(closed: Hub) -> None:
    closed.deliver("town_visits")
    closed.answered(0)
    kept = closed.county.query("SELECT DISTINCT state, outcome FROM core.case_state WHERE owner_region = %s", TOWNS[0])
    assert kept == [("visited", "not_taken_in:expense_settled")], "乡镇返回的核查结论没有记入案卷"


@proves(
    "ES-08", object="rule:household", sees="file",
    swap=("NOT EXISTS (SELECT FROM lead l WHERE l.signal_key = s.signal_key)", "s.signal_key IS NOT NULL"),
)  # fmt: skip
def test_what_was_raised_is_not_raised_again(closed: Hub) -> None:
    closed.file("disabled.certificate", [*CERTIFICATE, closed.another_certificate()], form=".xlsx")
    again = closed.close()
    closed.deliver("town_visits")
    assert not closed.mails("town-101", "核查任务"), "上一轮已下发的户又作为新线索下发"
    assert (again.round, again.leads) == (2, 1), "新办证的户没有作为新线索"


# --- to agencies ---------------------------------------------------------------------------------------------------
@proves("QA-08", "SQ-12", "SQ-17", "HY-11", object="recipe:agency_findings", sees="file")
def test_who_errs_is_sent_the_row_to_mend(closed: Hub) -> None:
    closed.deliver("agency_findings")
    row = line(closed.book("civil-1", "更正单", "civil"), AIDED, "孙戊")
    assert row, "民政局没有收到写明死亡仍在享受低保那一行的更正单"


@proves(
    "HY-14", object="template:agency_findings.md", sees="mail",
    swap=("群众能够提供有效证明的，先行办理有关事项，不得因数据有争议而拒办、缓办", "请抓紧办理"),
)  # fmt: skip
def test_a_dispute_blocks_nobody(closed: Hub) -> None:
    closed.deliver("agency_findings")
    told = closed.letter("civil-1", "更正单")
    assert "不得因数据有争议而拒办" in told, "更正函没有写明有争议的数据不得影响群众办事"


@proves(
    "SQ-07", object="template:agency_findings.md", sees="mail",
    swap=("请在贵单位的业务系统中直接更正，我单位不代改任何部门系统的数据", "请核实"),
)  # fmt: skip
def test_each_system_is_mended_by_its_own(closed: Hub) -> None:
    closed.deliver("agency_findings")
    told = closed.letter("civil-1", "更正单")
    assert "请在贵单位的业务系统中直接更正" in told, "更正函没有写明在有错的系统里更正"


# --- reports -------------------------------------------------------------------------------------------------------
@proves("ES-05", "ES-06", "DC-04", object="recipe:monthly_report", sees="mail")
def test_the_bureau_gets_the_months_analysis(closed: Hub) -> None:
    closed.deliver("monthly_report")
    closed.approved()
    assert [m for m in closed.mails("bureau-head", "月度报告") if closed.documents(m)], "主管单位没有收到月度报告"


@proves(
    "SQ-06", "SQ-13", object="recipe:monthly_report", sees="mail", swap=("approvals: [head, recheck]", "approvals: []")
)
def test_nothing_leaves_before_it_is_approved(closed: Hub) -> None:
    closed.deliver("monthly_report")
    early = [m for m in closed.mails("farm-office", "月度报告") if closed.documents(m)]
    assert not early, "报告没有经过审定和复审就发出"
    closed.approved()
    assert [m for m in closed.mails("farm-office", "月度报告") if closed.documents(m)], "审批同意后报告没有发出"


@proves("SQ-18", "SQ-19", "SQ-27", object="recipe:quarterly_bulletin", sees="mail")
def test_towns_and_agencies_get_the_quarters_bulletin(closed: Hub) -> None:
    for period in ("2026-10", "2026-12"):
        closed.close(period)
    closed.deliver("quarterly_bulletin", "quarter", "2026-Q4")
    closed.approved()
    circle = [closed.mails(contact, "通报") for contact in ("disabled-1", "town-101", "bureau-head")]
    assert all(circle), "部门、乡镇和主管单位没有收到数据质量通报"


@proves(
    "HY-15",
    object="recipe:receipt",
    sees="mail",
    swap=("disclaimer: 参考数据，不作为法定数据。", "disclaimer: 请妥善保管。"),
)
def test_a_receipt_says_that_data_are_reference_only(begun: Hub) -> None:
    begun.file("disabled.certificate", form=".xlsx")
    told = begun.letter("disabled-1", "回执")
    assert "不作为法定数据" in told, "回执没有写明数据只作参考"
