"""Writing the parties' files: plain bytes, the same for the same table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter

from bidui.synth.projection import Form

_MANY_COLUMNS_WIDE = 14


def write(
    file: Path,
    form: Form,
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    says: dict[str, object],
    day: date,
) -> None:
    """One table as a file; ``says`` fills the lines above and below it, ``day`` is the workbook's date."""
    file.parent.mkdir(parents=True, exist_ok=True)
    above = [line.format(**says) for line in form.above]
    below = [line.format(**says) for line in form.below]
    if form.form == "csv":
        _write_csv(file, form.encoding, header, table, above, below)
    else:
        _write_xlsx(file, form.sheet, header, table, above, below, day)


def _write_csv(
    file: Path,
    encoding: str,
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    above: Sequence[str],
    below: Sequence[str],
) -> None:
    with file.open("w", encoding=encoding, newline="") as out:
        rows = csv.writer(out, lineterminator="\r\n")
        rows.writerows([line] for line in above)
        rows.writerow(header)
        rows.writerows(table)
        rows.writerows([line] for line in below)


def _write_xlsx(
    file: Path,
    sheet: str,
    header: Sequence[str],
    table: Sequence[Sequence[str]],
    above: Sequence[str],
    below: Sequence[str],
    day: date,
) -> None:
    """All cells are text; the lines above the table are merged over its width, as in the real exports."""
    book = xlsxwriter.Workbook(str(file), {"strings_to_numbers": False, "strings_to_formulas": False})
    book.set_properties({"created": datetime(day.year, day.month, day.day, tzinfo=UTC).replace(tzinfo=None)})
    page = book.add_worksheet(sheet)
    page.set_column(0, len(header) - 1, _MANY_COLUMNS_WIDE)
    bold = book.add_format({"bold": True, "align": "center"})
    for at, line in enumerate(above):
        page.merge_range(at, 0, at, len(header) - 1, line, bold)
    start = len(above)
    page.freeze_panes(start + 1, 0)
    for at, text in enumerate(header):
        page.write_string(start, at, text, bold)
    for down, row in enumerate(table, start + 1):
        for at, text in enumerate(row):
            if text:
                page.write_string(down, at, text)
    for down, line in enumerate(below, start + 1 + len(table)):
        page.write_string(down, 0, line)
    book.close()
