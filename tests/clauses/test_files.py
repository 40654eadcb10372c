"""What comes in: who may send what, in which form, and what a sender is told of his file."""

from __future__ import annotations

from tests.clauses.proving import proves
from tests.clauses.stage import CERTIFICATE, SON, TITLES, Hub, line, sheet
from tests.e2e.county import TOWNS


@proves("QA-01", object="agreement:disabled", sees="refusal")
def test_nothing_is_taken_without_an_agreement(begun: Hub) -> None:
    received = begun.file("disabled.certificate", form=".xlsx")
    assert received.outcome == "accepted", "没有生效的协议，残联的文件被退回"


@proves("QA-03", object="contract:disabled.certificate", sees="refusal")
def test_an_agency_gives_its_warning_data(begun: Hub) -> None:
    received = begun.file("disabled.certificate", form=".xlsx")
    assert received.outcome == "accepted", "持证残疾人数据没有契约，被退回"


@proves("QA-04", object="issue:required_missing", sees="file")
def test_a_sender_is_told_which_row_lacks_what(begun: Hub) -> None:
    header, good = CERTIFICATE
    begun.file(
        "disabled.certificate", [header, good, ["钱丁", f"{SON}12", "视力", "二级", "", "2026-11-05"]], form=".xlsx"
    )
    row = line(begun.book("disabled-1", "回执", "disabled"), "证件状态", "必填项没有填写")
    assert row, "问题簿没有说明哪一行的必填项没有填写"


@proves("HY-03", object="issue:columns_missing", sees="mail")
def test_a_file_without_an_agreed_column_is_refused_by_its_name(begun: Hub) -> None:
    begun.file("disabled.certificate", [row[:4] + row[5:] for row in CERTIFICATE], form=".xlsx")
    told = begun.letter("disabled-1", "退回")
    assert "缺少必需的列" in told, "退回通知没有说明缺少契约约定的列"


@proves("QA-04", "DC-04", object="recipe:refusal", sees="mail")
def test_a_contact_is_told_of_a_file_that_fails(begun: Hub) -> None:
    begun.file("disabled.certificate", [row[:4] + row[5:] for row in CERTIFICATE], form=".xlsx")
    assert begun.mails("disabled-1", "退回"), "数据不合格，部门联系人没有收到退回通知"


@proves(
    "QA-07", object="agreement:insurance_med", sees="refusal", swap=("sealing: [aes_zip]", "sealing: [plain, aes_zip]")
)
def test_what_is_not_sealed_is_not_taken(begun: Hub) -> None:
    bare = begun.file("insurance_med.high_selfpay", form=".xlsx")
    assert bare.reason == "sealing_not_allowed", "没有加密的医疗费用文件被接收"


@proves("QA-14", object="contacts:demo", sees="file", swap=("990821101,2026-01-01,", "990821101,2026-01-01,2026-06-30"))
def test_only_a_registered_contact_is_heard(begun: Hub) -> None:
    book = sheet([*TITLES, *begun.aided(0)])
    assert begun.mailed(TOWNS[0], "农村低保.xlsx", book, sender="nobody@else.example") == [], (
        "未备案的人寄来的数据被接收"
    )
    taken = begun.mailed(TOWNS[0], "农村低保.xlsx", book)
    assert [one.outcome for one in taken] == ["accepted"], "联系人不在备案期内，寄来的数据没有接收"


@proves("SQ-16", object="contract:hub.alleviated_person", sees="mail", swap=("数据截止日[期]?", "不写截止日"))
def test_each_submission_carries_its_data_date(begun: Hub) -> None:
    begun.file("hub.alleviated_person")
    told = begun.letter("hub-1", "回执")
    assert "2026年11月25日" in told, "回执没有写明数据截止日"


@proves("ES-10", object="dictionary:nil_report", sees="mail", swap=("sheet,零报告,零报告单", "sheet,空表,空表单"))
def test_nothing_new_is_said_by_a_nil_report(begun: Hub) -> None:
    begun.nil(TOWNS[0])
    told = begun.letter("town-101", "回执")
    assert "零报告" in told, "乡镇的零报告没有登记"
