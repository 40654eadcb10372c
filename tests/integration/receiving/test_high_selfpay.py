"""The medical insurance's settlements of the month: one workbook in an archive that a password protects."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.sealing import aeszip

from .conftest import PERIOD, Roads, Row, person, sheet

HEADER = [
    "序号", "姓名", "证件号码", "乡镇", "村", "结算单号", "就诊类型", "结算日期", "总费用", "基本医保支付",
    "大病保险支付", "医疗救助支付", "个人自付", "合规自付",
]  # fmt: skip
TITLES = ["2026年11月高额自付费用明细"], ["单位：元　数据截止日：2026-11-25"]
NUMBER = person()


@pytest.fixture(scope="module")
def entry(places):
    """Makes a row: settlement number and amounts as written, and the day."""
    _, town, village = places(0)

    def made(no: str, *amounts: object, day: str = "2026-11-03", visit: str = "住院") -> Row:
        return ["", "张三", NUMBER, town, village, no, visit, day, *amounts]

    return made


@pytest.fixture(scope="module")
def received(road: Roads, entry) -> Received:
    """Rows 4 to 14, in the exchange folder."""
    rows = [
        entry("S04", 50000, 30000, 5000, 3000, 12000, 11000),
        entry("S05", "12,000.50", "￥2,000.50元", "", "", "10000", ""),
        entry("S06", "1.2万", 0, 0, 0, 12000, 0),
        entry("S07", -500, 0, 0, 0, -500, 0),
        entry("S08", 101, 50, "", "", 50, ""),
        entry("S09", 101.01, 50, "", "", 50, ""),
        entry("S10", 100, 0, 0, 0, 100, 100.01),
        entry("S11", 100, 0, 0, 0, 100, 0, day="2026-10-31"),
        entry("S12", 100, 0, 0, 0, 100, 0, day="2026-11-26"),
        entry("S13", 100, 0, 0, 0, 100, 0, visit="门诊慢性病"),
        entry("S13", 200, 0, 0, 0, 200, 0),
        ["合计", "", "", "", "", "", "", "", 63000],
        ["制表人：某某"],
    ]
    data = sheet(*TITLES, HEADER, *rows)
    sealed = aeszip.seal([(".xlsx", data)], password(road.office, "insurance_med", None, PERIOD))
    return road.folder("insurance_med", "high_selfpay", f"高额自付_{PERIOD}.zip", sealed)


@pytest.fixture(scope="module")
def told(road: Roads, received: Received):
    """(header, code) of what is told about one row."""
    issues = road.issues(received)
    return lambda row: [(title, code) for at, title, code in issues if at == row]


def test_it_comes_in_as_an_archive(road, received):
    assert (received.dataset, received.outcome, received.facts["sealing"]) == (
        "insurance_med.high_selfpay", "partly_accepted", "aes_zip",
    )  # fmt: skip
    facts = road.rows("SELECT kind, scope, data_date::text, rows_read, rows_accepted FROM core.submission")
    assert facts == [("full", "demo", "2026-11-25", 11, 7)]


def test_amounts_are_read_as_people_write_them(road, received, told):
    amounts = road.rows(
        "SELECT total, basic_paid, serious_paid, own_paid FROM data.insurance_med__high_selfpay WHERE row_no IN (4, 5)"
        " ORDER BY row_no"
    )
    assert amounts == [
        (Decimal(50000), Decimal(30000), Decimal(5000), Decimal(12000)),
        (Decimal("12000.5"), Decimal("2000.5"), None, Decimal(10000)),
    ]
    assert (told(4), told(5)) == ([], [])


@pytest.mark.parametrize(
    ("row", "issues"),
    [
        (6, [("总费用", "number_unreadable")]),
        (7, [("总费用", "out_of_range"), ("个人自付", "out_of_range")]),
        (8, []),
        (9, [("总费用", "cost_parts_unequal")]),
        (10, [("合规自付", "compliant_above_own")]),
        (11, [("结算日期", "settled_outside_period")]),
        (12, [("结算日期", "date_in_future")]),
        (13, [("结算单号", "duplicate_conflict")]),
        (14, [("结算单号", "duplicate_conflict")]),
        (15, [(None, "footer_dropped")]),
    ],
)  # fmt: skip
def test_what_is_told_about_a_row(told, row, issues):
    assert told(row) == issues


def test_one_person_may_have_many_settlements(road, received):
    assert road.rows("SELECT count(*), count(DISTINCT person_id) FROM data.insurance_med__high_selfpay") == [(7, 1)]
