"""A small roster contract, and files made for it."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from bidui.intake.headers import HeaderCell
from bidui.intake.normalise import Normalised, normalise
from bidui.intake.reading import RawTable, read_table_bytes
from bidui.policy.codes import CodeEntry, CodeList
from bidui.policy.contract import Column, Contract, Layout, Limits
from tests.contracts import ITEMS

INCLUDE = Path(__file__).parents[3] / "include"
DAY = date(2026, 11, 30)

SOUND = "99082119900307049X"
OTHER = "990821198510120020"
HEADER = ["姓名", "证件号码", "险种", "停保日期", "金额"]
ROW = ["张三", SOUND, "居民医保", "2026-03-05", "400"]

COLUMNS = (
    Column(name="name", title="姓名", required=True, role="subject_name", identifier="name"),
    Column(
        name="id_no", title="证件号码", aliases=("身份证号", "證件號碼"), required=True, role="subject",
        identifier="id_number",
    ),
    Column(name="scheme", title="险种", aliases=("險種",), type="code", code_list="scheme", required=True),
    Column(name="stop_date", title="停保日期", aliases=("停保時間",), type="date"),
    Column(name="amount", title="金额", aliases=("金額(元)",), type="decimal", minimum=0, maximum=10_000),
)  # fmt: skip

CODES = {
    "scheme": CodeList(
        "scheme",
        (CodeEntry("resident", "城乡居民基本医疗保险", ("居民医保",)), CodeEntry("employee", "职工医保")),
    ),
    "health": CodeList(
        "health",
        (CodeEntry("healthy", "健康"), CodeEntry("chronic", "长期慢性病"), CodeEntry("asset", "财产/公职")),
    ),
}


def contract(*columns: Column, layout: Layout | None = None, limits: Limits | None = None) -> Contract:
    return Contract(
        id="agency.roster", title="名册", version="1.0.0", party="agency", roles=("roster",),
        cadence="month", clauses=(), **ITEMS,
        limits=limits or Limits(megabytes=8, rows=1000),
        layout=layout or Layout(
            data_date=r"数据截止日[:：]\s*(\S+)", period=r"(?P<year>\d{4})年(?P<month>\d{1,2})月",
            footer=("合计", "制表人"),
        ),
        columns=columns or COLUMNS, hash="", file="",
    )  # fmt: skip


def workbook(rows: list[list[Any]], *, sheet: str = "Sheet1", **more: list[list[Any]]) -> bytes:
    """An xlsx with one sheet of these rows, and more sheets by name."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for name, cells in {sheet: rows, **more}.items():
        page = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in cells:
            page.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def text_file(rows: list[list[str]], encoding: str, delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding)


def raw_of(rows: list[list[Any]], made: Contract | None = None) -> RawTable:
    return read_table_bytes(workbook(rows), made or contract())


def result_of(rows: list[list[Any]], made: Contract | None = None) -> Normalised:
    made = made or contract()
    return normalise(raw_of(rows, made), made, CODES, on=DAY)


def told(result: Normalised) -> list[tuple[int | None, str | None, str, str]]:
    """The issues as (row, column, code, effect)."""
    return [
        (None if pd.isna(row) else int(row), column, code, effect)
        for row, column, code, effect in result.issues.itertuples(index=False)
    ]


@pytest.fixture
def one_column():
    """Texts of one optional column → (values, codes), None where there is none."""

    def read(column: Column, *texts: str, required: bool = False) -> tuple[list[Any], list[str | None]]:
        made = contract(Column(name="key", title="编号"), column.model_copy(update={"required": required}))
        index = pd.RangeIndex(2, len(texts) + 2)
        rows = pd.DataFrame({"key": map(str, index), column.name: texts}, index=index, dtype="str")
        result = normalise(RawTable("", (), (HeaderCell(0, "编号", "key"),), 1, rows), made, CODES, on=DAY)
        codes = {row: code for row, _, code, _ in told(result) if row}
        values = [None if not isinstance(v, list) and pd.isna(v) else v for v in result.frame[column.name]]
        return values, [codes.get(row) for row in range(2, len(texts) + 2)]

    return read
