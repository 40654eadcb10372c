"""Workbooks that people read, fill in, print and send back.

A value is written as text or as a number, never as a formula or a link. Cells to fill in are white and open,
prefilled ones grey and locked: the lock keeps off a hand's slip and is no secret. Same input, same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from bidui.delivery.wording import display_width

Kind = Literal["text", "date", "integer", "money"]

MARKS_SHEET = "_bidui"
"""Very hidden sheet of key and value pairs, by which a returned workbook is recognised."""
LISTS_SHEET = "_lists"
"""Very hidden sheet of the drop-down lists that are too long to stand in the cell's rule."""

_CELL_LIMIT = 32_767
_LIST_LIMIT = 255
_PROMPT_LIMIT = 255
LINE_HEIGHT = 15.5
_MAX_HEIGHT = 400
_NARROW = 16
"""Columns up to this width are centred: numbers, names, codes; wider ones hold sentences."""
_ALLOWED = ("autofilter", "format_columns", "format_rows", "select_locked_cells", "select_unlocked_cells")
FONT = "宋体"
_GREY, WHITE, HEAD, HEAD_OPEN, LINE = "#EFEFEF", "#FFFFFF", "#D6DEE8", "#FFE9A8", "#8C8C8C"


class WorkbookError(ValueError):
    """A sheet that cannot be written; the text names sheet, column and row, never a value."""


@dataclass(frozen=True)
class SheetColumn:
    """One column: what it is called, how it looks, and what may be entered."""

    key: str
    """Name of the value in a row."""
    title: str
    width: float = 12
    """In half-width characters."""
    kind: Kind = "text"
    locked: bool = True
    """Prefilled and not to be changed; ``False``: to be filled in."""
    choices: tuple[str, ...] = ()
    """The only entries allowed, offered as a drop-down list."""
    note: str = ""
    """Shown when the heading or an open cell is selected."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: heading lines, a table, closing lines."""

    name: str
    title: str
    columns: tuple[SheetColumn, ...]
    rows: Sequence[Mapping[str, Any]]
    subtitle: tuple[str, ...] = ()
    sign_off: tuple[str, ...] = ()
    """Lines under the table that stay open: who filled in, who reviewed."""
    footer: tuple[str, ...] = ()
    """Locked lines under those."""
    page_footer: str = ""
    """Stands on each printed page beside the page number: the disclaimer."""
    protected: bool = True
    frozen_columns: int = 0
    """How many columns stay in sight when one scrolls to the right."""


def write(sheets: Sequence[Sheet], *, made_at: datetime, marks: Mapping[str, str] | None = None) -> bytes:
    """The workbook as xlsx bytes. ``made_at`` is its only date; it names no author.

    Raises WorkbookError for a text longer than a cell holds and for rows without a declared key.
    """
    with bound(sheets[0].title, made_at) as (made, book, lists):
        for sheet in sheets:
            SheetWriter(book, sheet, lists).write()
        lists.write()
        if marks:
            _write_marks(book, marks)
    return made.getvalue()


@contextmanager
def bound(title: str, made_at: datetime) -> Iterator[tuple[io.BytesIO, Workbook, Lists]]:
    """A new workbook to write sheets to, and its lists; the bytes are whole at the end of the block."""
    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": FONT, "font_size": 11},
    }
    with Workbook(made, options) as book:
        created = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": title, "created": created})
        yield made, book, Lists(book)


class Lists:
    """Drop-down lists: short ones stand in the cell's rule, long ones in a very hidden sheet."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._long: dict[tuple[str, ...], str] = {}

    def source(self, choices: tuple[str, ...]) -> list[str] | str:
        """What a cell's rule names as its list."""
        if len(",".join(choices)) <= _LIST_LIMIT and not any("," in choice for choice in choices):
            return list(choices)
        if choices not in self._long:
            column = chr(ord("A") + len(self._long))
            self._long[choices] = f"='{LISTS_SHEET}'!${column}$1:${column}${len(choices)}"
        return self._long[choices]

    def write(self) -> None:
        """Write the long lists, after all sheets that use them."""
        if not self._long:
            return
        sheet = self._book.add_worksheet(LISTS_SHEET)
        for column, choices in enumerate(self._long):
            for row, choice in enumerate(choices):
                sheet.write_string(row, column, choice)
        sheet.protect()
        sheet.very_hidden()


def _write_marks(book: Workbook, marks: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(MARKS_SHEET)
    for row, (key, value) in enumerate(sorted(marks.items())):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.protect()
    sheet.very_hidden()


class SheetWriter:
    """Writes one sheet, from the title down."""

    def __init__(self, book: Workbook, sheet: Sheet, lists: Lists) -> None:
        self._book, self._sheet, self._lists = book, sheet, lists
        self._page: Worksheet = book.add_worksheet(sheet.name)
        self._last_column = len(sheet.columns) - 1
        self._total_width = sum(column.width for column in sheet.columns)
        self._cells = [self._cell_format(column) for column in sheet.columns]

    def write(self) -> None:
        """Write it."""
        sheet = self._sheet
        for position, column in enumerate(sheet.columns):
            self._page.set_column(position, position, column.width)
        self._write_lines(0, (sheet.title,), {"bold": True, "font_size": 18, "align": "center"}, 36)
        self._write_lines(1, sheet.subtitle, {"font_size": 11}, 20)
        header = 1 + len(sheet.subtitle)
        self._write_header(header)
        for offset, row in enumerate(sheet.rows, start=1):
            self._write_row(header + offset, row)
        last = header + len(sheet.rows)
        self._write_lines(last + 1, sheet.sign_off, {"font_size": 12, "locked": False}, 32)
        self._write_lines(last + 1 + len(sheet.sign_off), sheet.footer, {"font_size": 11}, 20)
        self._set_rules(header, last)
        self._set_page(header, last)

    def _write_lines(self, first: int, lines: Sequence[str], form: dict[str, Any], height: float) -> None:
        """Lines across the whole table."""
        style = self._book.add_format({"font_name": FONT, "text_wrap": True, "valign": "vcenter", **form})
        for row, line in enumerate(lines, start=first):
            if self._last_column:
                self._page.merge_range(row, 0, row, self._last_column, "", style)
            self._page.write_string(row, 0, line, style)
            scale = form.get("font_size", 11) / 11
            needed = lines_needed(line, self._total_width / scale) * LINE_HEIGHT * scale + 5
            self._page.set_row(row, max(height, needed))

    def _write_header(self, row: int) -> None:
        forms = {
            locked: self._book.add_format({
                "font_name": "黑体", "font_size": 11, "bold": True, "text_wrap": True, "align": "center",
                "valign": "vcenter", "border": 1, "border_color": LINE,
                "bg_color": HEAD if locked else HEAD_OPEN,
            })
            for locked in (True, False)
        }  # fmt: skip
        height = 0
        for position, column in enumerate(self._sheet.columns):
            self._page.write_string(row, position, column.title, forms[column.locked])
            height = max(height, lines_needed(column.title, column.width - 1))
            if column.note:
                self._page.data_validation(row, position, row, position, prompt(column.title, column.note))
        self._page.set_row(row, max(30, height * LINE_HEIGHT + 8))

    def _write_row(self, row: int, values: Mapping[str, Any]) -> None:
        lines = 1
        for position, column in enumerate(self._sheet.columns):
            if column.key not in values and column.locked:
                raise WorkbookError(f"sheet {self._sheet.name}: row {row + 1} has no value for {column.key}")
            text = self._write_cell(row, position, values.get(column.key))
            lines = max(lines, lines_needed(text, column.width - 2.5))
        self._page.set_row(row, min(_MAX_HEIGHT, max(30, lines * LINE_HEIGHT + 6)))

    def _write_cell(self, row: int, position: int, value: Any) -> str:
        """Write one value by its column's kind; returns its text, for the height of the row."""
        column, style = self._sheet.columns[position], self._cells[position]
        if value is None or value == "":
            self._page.write_blank(row, position, None, style)
            return ""
        if column.kind in ("integer", "money") and isinstance(value, int | float | Decimal):
            self._page.write_number(row, position, float(value), style)
            return f"{value:,}"
        if column.kind == "date" and isinstance(value, date) and not column.locked:
            self._page.write_datetime(row, position, date(value.year, value.month, value.day), style)
            return value.isoformat()[:10]
        text = value.isoformat()[:10] if isinstance(value, date) else "\n".join(str(value).splitlines())
        if len(text) > _CELL_LIMIT:
            raise WorkbookError(f"sheet {self._sheet.name}: row {row + 1} is too long in {column.key}")
        self._page.write_string(row, position, text, style)
        return text

    def _cell_format(self, column: SheetColumn) -> Format:
        dates = "@" if column.locked else "yyyy-mm-dd"
        numbers = {"integer": "#,##0", "money": "#,##0.00", "date": dates, "text": "@"}
        align = "right" if column.kind in ("integer", "money") else "center"
        if column.kind == "text" and column.width > _NARROW and not column.choices:
            align = "left"
        return self._book.add_format({
            "font_name": FONT, "font_size": 11, "text_wrap": True, "valign": "vcenter", "border": 1,
            "border_color": LINE, "num_format": numbers[column.kind], "locked": column.locked,
            "bg_color": _GREY if column.locked and self._sheet.protected else WHITE,
            "align": align, "indent": int(align != "center"),
        })  # fmt: skip

    def _set_rules(self, header: int, last: int) -> None:
        """Protection, drop-downs and prompts."""
        for position, column in enumerate(self._sheet.columns):
            if not column.locked and last > header and (rule := self._entry_rule(column)):
                self._page.data_validation(header + 1, position, last, position, rule)
        if self._sheet.protected:
            self._page.protect("", dict.fromkeys(_ALLOWED, True))

    def _entry_rule(self, column: SheetColumn) -> dict[str, Any]:
        if column.choices:
            rule: dict[str, Any] = {"validate": "list", "source": self._lists.source(column.choices)}
            hint = "请从下拉列表中选择，不要自行填写。"
        elif column.kind == "date":
            rule = {"validate": "date", "criteria": ">=", "value": date(1900, 1, 1)}
            hint = "请按“年-月-日”填写，例如 2000-01-31。"
        elif column.kind == "integer":
            rule, hint = {"validate": "integer", "criteria": ">=", "value": 0}, "请填写整数。"
        elif column.kind == "money":
            rule = {"validate": "decimal", "criteria": ">=", "value": 0}
            hint = "请填写金额（元），可保留两位小数。"
        else:
            return prompt(column.title, column.note) if column.note else {}
        errors = {"error_title": "填写不符合要求", "error_message": hint, "error_type": "stop"}
        return {**prompt(column.title, hint + column.note), **rule, **errors}

    def _set_page(self, header: int, last: int) -> None:
        page, sheet = self._page, self._sheet
        page.freeze_panes(header + 1, sheet.frozen_columns)
        page.autofilter(header, 0, max(last, header), self._last_column)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(header)
        page.print_area(0, 0, last + len(sheet.sign_off) + len(sheet.footer), self._last_column)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.65)
        page.center_horizontally()
        page.set_footer(f"&L&9{sheet.page_footer.replace('&', '&&')}&R&9第 &P 页，共 &N 页", {"margin": 0.3})
        page.hide_gridlines(2)
        page.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(last, self._last_column)}"})
        page.set_zoom(100)


def prompt(title: str, message: str) -> dict[str, Any]:
    """A rule that lets everything in and says something when the cell is selected."""
    return {"validate": "any", "input_title": title[:32], "input_message": message[:_PROMPT_LIMIT]}


def lines_needed(text: str, width: float) -> int:
    """Lines that a text takes in a cell ``width`` half-width characters wide."""
    return sum(max(1, -int(-display_width(line) // max(width, 2))) for line in text.split("\n"))
