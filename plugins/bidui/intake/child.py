"""The child process in which an untrusted file is parsed. Run by path, by `bidui.intake.isolation` only.

In: one line of JSON (made by `isolation.parse`), then the file's bytes. Out: one JSON value a line: an object
begins a sheet, says which cells of a row were filled, or ends the file; a list is a row, ``[row number, cell,
cell, ...]``, cells as text. It limits its own memory, time and output before it looks at a byte.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bidui.domain.words import fold  # noqa: E402 - python -I knows no path but this one

TOO_HEAVY = 3
"""Exit code when the output reached its bound."""

_HEADER_DEPTH = 10
_LINES_AT_ONCE = 500
_HEAD_BYTES = 1 << 16
_LONGEST_CHARACTER = 4
_DELIMITERS = (",", "\t", ";", "|")
_FIELD_CHARACTERS = 1 << 20
_WORKBOOK_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream of a workbook that a password protects."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_END_OF_FILE = "\x1a"
"""How DOS programs end a text file."""
_CONTROL = frozenset(map(chr, range(32))) - set("\t\r\n\x1a\x0c")


class Stop(Exception):  # noqa: N818 - an ending, not always an error
    """Nothing more to read."""

    def __init__(self, problem: str, **facts: Any) -> None:
        """With the code of the refusal and its facts."""
        super().__init__(problem)
        self.problem = problem
        self.facts = facts


class Out:
    """Lines to the parent, with the bound on rows."""

    def __init__(self, rows: int) -> None:
        """For at most so many rows."""
        self._left = self._bound = rows
        self._lines: list[str] = []

    def say(self, value: Any) -> None:
        """One line."""
        self._lines.append(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        if len(self._lines) >= _LINES_AT_ONCE:
            self.flush()

    def row(self, number: int, cells: list[str]) -> None:
        """A row, if it holds anything."""
        if not any(cell and not cell.isspace() and cell != _END_OF_FILE for cell in cells):
            return
        self._left -= 1
        if self._left < 0:
            raise Stop("too_many_rows", limit=self._bound)
        self.say([number, *cells])

    def flush(self) -> None:
        """Hand over what was said; ends the process when the output may not grow."""
        lines, self._lines = self._lines, []
        try:
            sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        except OSError:
            os._exit(TOO_HEAVY)


def main() -> None:
    """Read the job and the payload, answer, and end with code 0 whenever there was an answer."""
    job = json.loads(sys.stdin.buffer.readline())
    _limit(job)
    out = Out(job["rows"])
    try:
        data = sys.stdin.buffer.read()
        if data.startswith(_WORKBOOK_SIGNS):
            read_workbook(data, job, out)
        elif job["sheets"] is None:
            read_text(data, job, out)
        answer: dict[str, Any] = {"end": None}
    except Stop as stop:
        answer = {"end": stop.problem, "facts": stop.facts}
    except MemoryError:
        answer = {"end": "file_too_heavy"}
    except BaseException:  # noqa: BLE001 - the parser's panics are no Exception
        answer = {"end": "file_unreadable"}
    out.say(answer)
    out.flush()


def _limit(job: dict[str, Any]) -> None:
    for what, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, job["memory"]),
        (resource.RLIMIT_CPU, job["cpu"]),
        (resource.RLIMIT_FSIZE, job["output"]),
    ):
        resource.setrlimit(what, (bound, bound))


# --- workbooks ---


def read_workbook(data: bytes, job: dict[str, Any], out: Out) -> None:
    """Every visible sheet; when the job names sheets, only if one of those is there."""
    if _ENCRYPTED in data:
        raise Stop("file_unreadable", reason="encrypted")
    import python_calamine as calamine  # noqa: PLC0415 - under the limits, and not for text files

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise Stop("file_unreadable", reason="encrypted") from None
    visible = [
        sheet.name for sheet in book.sheets_metadata
        if (sheet.typ, sheet.visible) == (calamine.SheetTypeEnum.WorkSheet, calamine.SheetVisibleEnum.Visible)
    ]  # fmt: skip
    if job["sheets"] is not None and not {fold(name) for name in job["sheets"]} & {fold(name) for name in visible}:
        return
    for name in visible:
        read_sheet(book.get_sheet_by_name(name), out)


def read_sheet(sheet: Any, out: Out) -> None:
    """One sheet; cells merged downwards hold their value in each row, and it is said which were so filled."""
    out.say({"sheet": sheet.name})
    if sheet.start is None:
        return
    margin = [""] * sheet.start[1]
    begins = downward_merges(sheet)
    held: dict[int, tuple[int, str]] = {}
    for at, values in enumerate(sheet.iter_rows()):
        cells = margin + [as_text(value) for value in values]
        held = {left: (bottom, value) for left, (bottom, value) in held.items() if at <= bottom}
        filled = [left for left in held if not cells[left]]
        for left in filled:
            cells[left] = held[left][1]
        for bottom, left in begins.get(at, ()):
            if left < len(cells) and cells[left]:
                held[left] = (bottom, cells[left])
        out.row(at + 1, cells)
        if filled:
            out.say({"filled": filled, "row": at + 1})


def downward_merges(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """By first row: (last row, column), from 0, of merged cells one column wide and several rows high."""
    begins: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right and bottom > top:
            begins.setdefault(top, []).append((bottom, left))
    return begins


def as_text(value: Any) -> str:
    """A cell as a person would write it: no ``.0``, days as ISO, above 15 digits the scientific form."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


# --- text files ---


def read_text(data: bytes, job: dict[str, Any], out: Out) -> None:
    """Delimited text, in the encoding and with the delimiter that show the most known header words."""
    csv.field_size_limit(_FIELD_CHARACTERS)
    words = set(job["words"])
    ranked = sorted(_candidates(data, job["encodings"], words), key=lambda c: -c[0])
    if not ranked:
        raise Stop("file_unreadable", reason="encoding")
    _, encoding, delimiter, width = ranked[0]
    if broken := _undecodable(data, encoding):
        raise Stop("encoding_broken", line=broken)
    out.say({"sheet": "", "encoding": encoding})
    for number, cells in enumerate(_records(io.BytesIO(data), encoding, delimiter), start=1):
        if any("\n" in cell and cell.count(delimiter) >= max(width - 1, 1) for cell in cells):
            raise Stop("broken_quotes", line=number)
        out.row(number, cells)


def _candidates(data: bytes, encodings: list[str], words: set[str]) -> Iterator[tuple[int, str, str, int]]:
    """(score, encoding, delimiter, cells in the best line). A codec that does not fail proves nothing."""
    for encoding in encodings:
        if encoding == "utf-16" and not data.startswith(_UTF16_MARKS):
            continue
        head = data[:_HEAD_BYTES]
        whole = True
        try:
            text = head.decode(encoding)
        except UnicodeDecodeError as error:
            whole = len(data) > _HEAD_BYTES and error.start > len(head) - _LONGEST_CHARACTER
            text = head[: error.start].decode(encoding)
        if _CONTROL.intersection(text) or not text.strip():
            continue
        for delimiter in _DELIMITERS:
            score, width = _score(text, delimiter, words)
            if whole or score:
                yield score, encoding, delimiter, width


def _score(text: str, delimiter: str, words: set[str]) -> tuple[int, int]:
    best = (0, 0)
    try:
        for _, cells in zip(
            range(_HEADER_DEPTH), csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), strict=False
        ):
            best = max(best, (len({fold(cell) for cell in cells} & words), len(cells)))
    except csv.Error:
        pass
    return best


def _undecodable(data: bytes, encoding: str) -> int | None:
    """Line of the first byte that is none of the encoding's."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for start in range(0, len(data), _HEAD_BYTES):
            part = data[start : start + _HEAD_BYTES]
            line += decoder.decode(part, final=start + _HEAD_BYTES >= len(data)).count("\n")
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].decode(encoding, "ignore").count("\n")
    return None


def _records(file: io.BytesIO, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Records, as a spreadsheet would number them."""
    number = 0
    try:
        for cells in csv.reader(io.TextIOWrapper(file, encoding, newline=""), delimiter=delimiter, strict=True):
            number += 1
            yield cells
    except csv.Error:
        raise Stop("broken_quotes", line=number + 1) from None


if __name__ == "__main__":
    main()
