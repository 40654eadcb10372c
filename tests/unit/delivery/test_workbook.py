"""Workbooks, opened again with another library."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from bidui.delivery.workbook import LISTS_SHEET, MARKS_SHEET, Sheet, SheetColumn, WorkbookError, write

PAYLOADS = [
    '=1+1', '=HYPERLINK("http://a.example","x")', "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1",
    "\r=1+1", "\n=1+1", " =1+1", "{=1+1}", "'=1+1", "http://a.example", "mailto:a@b.example",
]  # fmt: skip
COLUMNS = (
    SheetColumn("no", "线索号", width=12, note="由系统编号"),
    SheetColumn("facts", "线索事实", width=30),
    SheetColumn("members", "人口", kind="integer"),
    SheetColumn("amount", "金额", kind="money"),
    SheetColumn("due", "截止日", kind="date"),
    SheetColumn("outcome", "核查结论", locked=False, choices=("纳入", "不纳入"), note="必填。"),
    SheetColumn("visited", "核查日期", kind="date", locked=False),
    SheetColumn("remark", "说明", locked=False),
)
ROW = {"no": "0001", "facts": "甲" * 100, "members": 3, "amount": Decimal("1234.5"), "due": date(2026, 11, 5)}
HEADER = 4


def one_sheet(**changes) -> Sheet:
    settings = {
        "name": "核查表",
        "title": "某县核查表（2026年10月）",
        "columns": COLUMNS,
        "rows": [ROW, ROW],
        "subtitle": ("编号：1", "说明"),
        "sign_off": ("填表人：",),
        "footer": ("参考数据",),
        "page_footer": "A&B",
        "frozen_columns": 2,
    }
    return Sheet(**{**settings, **changes})


@pytest.fixture
def reopen(made_at):
    def reopened(*sheets: Sheet, marks=None):
        return load_workbook(io.BytesIO(write(sheets, made_at=made_at, marks=marks)))

    return reopened


@pytest.fixture
def page(reopen):
    return reopen(one_sheet())["核查表"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_value_is_never_a_formula_or_a_link(made_at, reopen, payload):
    columns = (
        SheetColumn("a", payload),
        SheetColumn("b", "乙", kind="integer"),
        SheetColumn("c", "丙", kind="date"),
    )
    rows = [{"a": payload, "b": payload, "c": payload}]
    texts = {"title": payload, "subtitle": (payload,), "sign_off": (payload,), "footer": (payload,)}
    sheet = Sheet(name="表", columns=columns, rows=rows, **texts)
    data = write([sheet], made_at=made_at, marks={"key": payload})
    book = load_workbook(io.BytesIO(data))
    for page in book.worksheets:
        cells = [cell for row in page.iter_rows() for cell in row]
        assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert book["表"].cell(4, 1).value.strip() == payload.strip()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not [part for part in archive.namelist() if b"<f>" in archive.read(part) or "Link" in part]


def test_same_input_same_bytes(made_at):
    first = write([one_sheet()], made_at=made_at, marks={"b": "2", "a": "1"})
    assert first == write([one_sheet()], made_at=made_at, marks={"a": "1", "b": "2"})


def test_the_lines_stand_above_and_below_the_table(page):
    assert [page.cell(row, 1).value for row in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        "某县核查表（2026年10月）", "编号：1", "说明", "线索号", "0001", "0001", "填表人：", "参考数据",
    ]  # fmt: skip
    assert [cell.value for cell in page[HEADER]] == [column.title for column in COLUMNS]


def test_text_stays_text_and_numbers_are_numbers(page):
    values = [cell.value for cell in page[HEADER + 1]]
    assert values[:5] == ["0001", "甲" * 100, 3, 1234.5, "2026-11-05"]
    assert page.cell(HEADER + 1, 4).number_format == "#,##0.00"


def test_prefilled_cells_are_locked_and_grey_open_ones_white(page):
    assert page.protection.sheet
    assert not page.protection.autoFilter
    for cell, column in zip(page[HEADER + 1], COLUMNS, strict=True):
        assert cell.protection.locked is column.locked
        assert cell.fill.fgColor.rgb == ("FFEFEFEF" if column.locked else "FFFFFFFF")
    assert not page.cell(HEADER + 3, 1).protection.locked, "the signature line is for writing"
    assert page.cell(HEADER + 4, 1).protection.locked


def test_a_sheet_to_read_needs_no_protection(reopen):
    assert not reopen(one_sheet(protected=False))["核查表"].protection.sheet


def test_entries_are_offered_and_checked(page):
    rules = {str(rule.sqref): rule for rule in page.data_validations.dataValidation}
    choice = rules["F5:F6"]
    assert (choice.type, choice.formula1) == ("list", '"纳入,不纳入"')
    assert choice.promptTitle == "核查结论"
    assert choice.prompt == "请从下拉列表中选择，不要自行填写。必填。"
    assert choice.error == "请从下拉列表中选择，不要自行填写。"
    assert rules["G5:G6"].type == "date"
    assert page.cell(5, 7).number_format == "yyyy-mm-dd"
    assert rules["A4"].prompt == "由系统编号"
    assert "H5:H6" not in rules


def test_a_long_list_stands_in_a_hidden_sheet(reopen):
    labels = tuple(f"第{n}种很长的不纳入原因" for n in range(40))
    columns = tuple(SheetColumn(key, "原因", locked=False, choices=labels) for key in "ab")
    book = reopen(one_sheet(columns=columns, rows=[{}]))
    rules = book["核查表"].data_validations.dataValidation
    assert [rule.formula1 for rule in rules] == [f"'{LISTS_SHEET}'!$A$1:$A$40"] * 2
    assert book[LISTS_SHEET].sheet_state == "veryHidden"
    assert [cell.value for cell in book[LISTS_SHEET]["A"]] == list(labels)


def test_marks_by_which_a_returned_workbook_is_recognised(reopen):
    page = reopen(one_sheet(), marks={"delivery": "XS-1", "contract": "town.verification"})[MARKS_SHEET]
    assert page.sheet_state == "veryHidden"
    assert dict(page.iter_rows(values_only=True)) == {"delivery": "XS-1", "contract": "town.verification"}


def test_it_prints_on_a4_across_with_its_header_on_each_page(page):
    setup = page.page_setup
    assert (setup.orientation, int(setup.paperSize), setup.fitToHeight) == ("landscape", 9, 0)
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert page.print_title_rows == "$4:$4"
    assert page.print_area == "'核查表'!$A$1:$H$8"
    assert page.freeze_panes == "C5"
    assert page.auto_filter.ref == "A4:H6"
    assert page.oddFooter.left.text == "A&&B"
    assert page.oddFooter.right.text == "第 &P 页，共 &N 页"


def test_rows_are_high_enough_for_their_text(page):
    assert page.row_dimensions[HEADER + 1].height > 8 * 15
    assert page.cell(HEADER + 1, 2).alignment.wrap_text


def test_properties_name_nobody(reopen, made_at):
    properties = reopen(one_sheet()).properties
    assert properties.created == datetime.fromisoformat("2026-10-31T10:00:00")
    assert not properties.creator
    assert not properties.lastModifiedBy


def test_a_row_without_a_prefilled_value_is_an_error_that_names_no_value(made_at):
    with pytest.raises(WorkbookError, match="no value for facts"):
        write([one_sheet(rows=[{**ROW, "extra": 1}, {"no": "密"}])], made_at=made_at)


def test_a_text_that_no_cell_can_hold_is_an_error_not_a_cut(made_at):
    with pytest.raises(WorkbookError, match="row 5 is too long in facts") as caught:
        write([one_sheet(rows=[{**ROW, "facts": "密" * 32768}])], made_at=made_at)
    assert "密" not in str(caught.value)


def test_an_empty_table_is_still_a_table(reopen):
    page = reopen(one_sheet(rows=[]))["核查表"]
    assert page.cell(HEADER + 1, 1).value == "填表人："
