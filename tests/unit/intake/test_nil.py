"""Nil reports: recognised by their sheet, complete or refused."""

from __future__ import annotations

import pytest

from bidui.domain.issues import Refusal
from bidui.domain.period import Period
from bidui.intake.nil import nil_report
from bidui.policy.codes import CodeList

from .conftest import HEADER, INCLUDE, ROW, text_file, workbook

LABELS = CodeList.load(INCLUDE / "dictionary" / "nil_report.csv")
REPORT = [["期别", "2026-10"], ["数据集", "参保名册"], ["说明", "本月无新增"], ["报告人", "某某"]]


def test_a_nil_report():
    report = nil_report(workbook([["零报告"], *REPORT], sheet="零报告"), LABELS)
    assert report is not None
    assert (report.period, report.dataset, report.statement, report.reporter) == (
        Period.parse("2026-10"), "参保名册", "本月无新增", "某某",
    )  # fmt: skip
    assert "某某" not in repr(report)


@pytest.mark.parametrize(
    ("text", "period"), [("2026年10月", "2026-10"), ("2026年9月份", "2026-09"), ("2026-Q4", "2026-Q4")]
)
def test_periods_in_words(text, period):
    report = nil_report(workbook([["所属期：", "", text], *REPORT[1:]], sheet="零报告"), LABELS)
    assert report is not None
    assert report.period == Period.parse(period)


@pytest.mark.parametrize(
    "data",
    [
        workbook([HEADER, ROW]),
        workbook([[label] for label, _ in REPORT], sheet="零报告", 名册=[HEADER, ROW]),  # the template's blank one
        text_file([HEADER, ROW], "gb18030"),
        text_file(REPORT, "gb18030"),
    ],
    ids=["a table", "an unfilled sheet", "text", "text of a report"],
)
def test_what_is_no_nil_report(data):
    assert nil_report(data, LABELS) is None


@pytest.mark.parametrize(
    ("data", "code", "facts"),
    [
        (workbook(REPORT[:2], sheet="零报告"), "nil_incomplete", {"missing": ["说明", "报告人"]}),
        (workbook([["期别", "上个月"], *REPORT[1:]], sheet="零报告"), "nil_period", {}),
        (workbook(REPORT, sheet="零报告", 名册=[HEADER, ROW]), "nil_contradicted", {}),
    ],
)
def test_refusals(data, code, facts):
    with pytest.raises(Refusal) as caught:
        nil_report(data, LABELS)
    assert (caught.value.code, caught.value.facts) == (code, facts)
