"""Blank forms (空白报送表): the first sheet empty and ready to be filled in, others beside it to read.

Whatever is typed or pasted stays text where the contract wants text: an ID number keeps its digits, a day its form.
Nothing is locked: parties paste what their systems export. Same input, same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from bidui.delivery.workbook import (
    FONT,
    HEAD,
    HEAD_OPEN,
    LINE,
    LINE_HEIGHT,
    WHITE,
    Lists,
    Sheet,
    SheetWriter,
    bound,
    lines_needed,
    prompt,
)  # fmt: skip

_RULED = 15
"""Rows that are ruled, so that an empty form can be printed."""
_LAST_ROW = 1_048_575
_TEXT, _NUMBER = "@", "General"
_PAGE_WIDTH = 210
"""Up to this width a table is printed on one page's width; a wider one on several, readable."""
_IN_SIGHT = 110
"""Width that lines above such a wide table take."""
_ASK_WIDTH = 14
_WIDE_TABLE = 14
"""From this many columns on, the first two stay in sight."""
_COMMENT_WIDTH, _COMMENT_LINE, _COMMENT_CHARACTER = 280, 17, 7.0
"""Of a note on a header, in pixels."""


@dataclass(frozen=True)
class FormColumn:
    """One column to fill in."""

    title: str
    """The header, exactly as the intake knows it."""
    width: float
    """In half-width characters."""
    required: bool = False
    """Shown by the header's colour: a mark in the text would change the header."""
    number: bool = False
    """A figure; all else is text, days too."""
    choices: tuple[str, ...] = ()
    """Offered as a drop-down list."""
    several: bool = False
    """Several of the choices may stand in one cell: they are offered, and others let in."""
    comment: str = ""
    """Note on the header."""


@dataclass(frozen=True)
class Form:
    """The table to fill in."""

    columns: tuple[FormColumn, ...]
    rows: int
    """For how many rows the drop-down lists hold."""
    ask: str = ""
    """Label above the table, with a cell beside it to fill in; empty: nothing is asked."""
    hint: str = ""
    """How to fill that cell in."""


def write(heading: Sheet, form: Form, others: Sequence[Sheet], *, made_at: datetime) -> bytes:
    """The workbook as xlsx bytes: ``heading``'s name, title and lines over the form, then the other sheets."""
    with bound(heading.title, made_at) as (made, book, lists):
        _FormWriter(book, heading, form, lists).write()
        for sheet in others:
            SheetWriter(book, sheet, lists).write()
        lists.write()
    return made.getvalue()


class _FormWriter:
    """Writes the first sheet, from the title down."""

    def __init__(self, book: Workbook, heading: Sheet, form: Form, lists: Lists) -> None:
        self._book, self._heading, self._form, self._lists = book, heading, form, lists
        self._page: Worksheet = book.add_worksheet(heading.name)
        self._widths = [column.width for column in form.columns]

    def write(self) -> None:
        """Write it."""
        self._write_line(0, self._heading.title, 36, font_size=18, bold=True, align="center")
        for row, line in enumerate(self._heading.subtitle, start=1):
            self._write_line(row, line, 20)
        header = 1 + len(self._heading.subtitle)
        if self._form.ask:
            self._write_ask(header)
            header += 1
        self._write_header(header)
        for at, column in enumerate(self._form.columns):
            self._write_column(header, at, column)
        for row in range(header + 1, header + 1 + _RULED):
            self._page.set_row(row, 20)
        self._set_page(header)

    @property
    def _pages(self) -> int:
        """How many pages the table is wide."""
        return math.ceil(sum(self._widths) / _PAGE_WIDTH)

    def _format(self, **more: Any) -> Format:
        return self._book.add_format({"font_name": FONT, "font_size": 11, "valign": "vcenter", **more})

    def _span(self, first: int, width: float) -> int:
        """The last of the columns from ``first`` on that together are ``width`` wide."""
        last, room = first, self._widths[first]
        while last + 1 < len(self._widths) and room + self._widths[last + 1] <= width:
            last += 1
            room += self._widths[last]
        return last

    def _merge(self, row: int, first: int, last: int, text: str, style: Format) -> None:
        if last > first:
            self._page.merge_range(row, first, row, last, "", style)
        if text:
            self._page.write_string(row, first, text, style)
        else:
            self._page.write_blank(row, first, None, style)

    def _write_line(self, row: int, text: str, height: float, **form: Any) -> None:
        last = self._span(0, _IN_SIGHT if self._pages > 1 else _PAGE_WIDTH)
        scale = form.get("font_size", 11) / 11
        needed = lines_needed(text, sum(self._widths[: last + 1]) / scale - 2) * LINE_HEIGHT * scale + 5
        self._merge(row, 0, last, text, self._format(text_wrap=True, **form))
        self._page.set_row(row, max(height, needed))

    def _write_ask(self, row: int) -> None:
        """The label, and the cell that is to be filled in beside it: read together as one line."""
        last = self._span(0, _ASK_WIDTH + self._widths[0])
        self._merge(row, 0, last, self._form.ask, self._format(bold=True, align="right"))
        end = self._span(last + 1, _ASK_WIDTH + self._widths[last + 1])
        style = self._format(num_format=_TEXT, bg_color=HEAD_OPEN, border=1, border_color=LINE, align="center")
        self._merge(row, last + 1, end, "", style)
        self._page.data_validation(row, last + 1, row, end, prompt(self._form.ask, self._form.hint))
        self._page.set_row(row, 24)

    def _write_header(self, row: int) -> None:
        forms = {
            required: self._format(
                font_name="黑体", bold=True, text_wrap=True, align="center", border=1, border_color=LINE,
                bg_color=HEAD_OPEN if required else HEAD,
            )
            for required in (True, False)
        }  # fmt: skip
        height = 1
        for at, column in enumerate(self._form.columns):
            self._page.write_string(row, at, column.title, forms[column.required])
            height = max(height, lines_needed(column.title, column.width - 1))
            lines = lines_needed(column.comment, _COMMENT_WIDTH / _COMMENT_CHARACTER)
            size = {"width": _COMMENT_WIDTH, "height": lines * _COMMENT_LINE + 8}
            self._page.write_comment(row, at, column.comment, {"font_name": FONT, "font_size": 9, "author": "", **size})
        self._page.set_row(row, max(30, height * LINE_HEIGHT + 8))

    def _write_column(self, header: int, at: int, column: FormColumn) -> None:
        form = {"num_format": _NUMBER if column.number else _TEXT, "align": "right" if column.number else "center"}
        self._page.set_column(at, at, column.width, self._format(**form))
        ruled = self._format(border=1, border_color=LINE, bg_color=WHITE, **form)
        for row in range(header + 1, header + 1 + _RULED):
            self._page.write_blank(row, at, None, ruled)
        if column.choices:
            rule = {
                "validate": "list", "source": self._lists.source(column.choices), "show_error": not column.several,
                "error_title": "填写不符合要求", "error_message": "请从下拉列表中选择，不要自行填写。",
            }  # fmt: skip
            last = min(header + self._form.rows, _LAST_ROW)
            self._page.data_validation(header + 1, at, last, at, rule)

    def _set_page(self, header: int) -> None:
        page = self._page
        page.freeze_panes(header + 1, 2 if len(self._widths) >= _WIDE_TABLE else 0)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(self._pages, 0)
        page.repeat_rows(header)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.65)
        page.center_horizontally()
        page.set_footer(f"&L&9{self._heading.page_footer.replace('&', '&&')}&R&9第 &P 页，共 &N 页", {"margin": 0.3})
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{_LAST_ROW}"})
