"""Reading one table out of a file: the sheet that fits the contract, its header, its rows as text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from bidui.domain.issues import Effect, Refusal, RowIssue
from bidui.domain.words import fold
from bidui.intake import headers
from bidui.intake.headers import Header, HeaderCell
from bidui.intake.isolation import Bounds, Sheet, parse
from bidui.policy.contract import Column, Contract


@dataclass(frozen=True, repr=False)
class RawTable:
    """One table as it stands in the file. Its repr shows no cell."""

    sheet: str
    """Empty for a text file."""
    preamble: tuple[str, ...]
    """The lines above the header, the cells of each joined by a space."""
    headers: tuple[HeaderCell, ...]
    """Every header with its position and its column, if the contract knows it."""
    header_row: int
    rows: pd.DataFrame
    """Text; columns are those of `Contract.as_written` that are there; the index is the row number as a person sees
    it."""
    issues: tuple[RowIssue, ...] = ()
    """Notes on the file: dropped and absent columns, another encoding than agreed."""
    misshapen: tuple[int, ...] = ()
    """Rows of a text file with more cells than the header: their values may stand under the wrong header."""
    footers: tuple[int, ...] = ()
    """Rows whose first filled cell begins with one of the contract's footer words."""
    filled: tuple[tuple[int, str], ...] = ()
    """(row, column) of cells that hold the value of a cell merged downwards."""

    def __repr__(self) -> str:
        """Without any cell."""
        return f"RawTable(header_row={self.header_row}, columns={len(self.headers)}, rows={len(self.rows)})"

    @property
    def dropped(self) -> int:
        """How many columns of the file are not used."""
        return sum(cell.column is None for cell in self.headers)


def read_table_bytes(data: bytes, contract: Contract, bounds: Bounds | None = None) -> RawTable:
    """Read the contract's table from the unsealed bytes of a workbook or text file, in a child process.

    Raises:
        Refusal: those of isolation.parse (file_unreadable, file_too_heavy, too_many_rows, encoding_broken,
            broken_quotes); not_this_dataset, columns_missing, columns_ambiguous, header_two_lines,
            ambiguous_sheet.
    """
    bounds = bounds or Bounds.of(contract.limits)
    sheets = parse(data, bounds, words=headers.words(contract), encoding=contract.layout.encoding)
    sheet, header = choose(sheets, contract)
    raw = table(sheet, header, contract)
    if len(raw.rows) > contract.limits.rows:
        raise Refusal("too_many_rows", {"limit": contract.limits.rows})
    return raw


def within(raw: RawTable, contract: Contract, agreed: Contract) -> RawTable:
    """The table without the columns of ``contract`` that ``agreed`` does not hold; each that was there is noted."""
    outside = {c.name for c in contract.as_written} - {c.name for c in agreed.as_written}
    told = [i for i in raw.issues if not (i.code == "column_absent" and i.column in outside)]
    dropped = [name for name in raw.rows if name in outside]
    return replace(
        raw,
        headers=tuple(replace(cell, column=None) if cell.column in outside else cell for cell in raw.headers),
        rows=raw.rows.drop(columns=dropped),
        issues=(*told, *(RowIssue("field_outside", Effect.NOTE, column=name) for name in dropped)),
        filled=tuple((row, name) for row, name in raw.filled if name not in outside),
    )


def choose(sheets: list[Sheet], contract: Contract) -> tuple[Sheet, Header]:
    """The sheet whose header fits best; of those that fit, one with rows goes before one without.

    Raises:
        Refusal: ambiguous_sheet, or why even the best does not fit.
    """
    located = [(sheet, header) for sheet in sheets if (header := headers.locate(sheet.rows, contract))]
    fitting = [pair for pair in located if not pair[1].missing]
    filled = [pair for pair in fitting if len(pair[0].rows) > pair[1].at + 1]
    if len(filled or fitting) > 1:
        raise Refusal("ambiguous_sheet", {"sheets": len(filled or fitting)})
    nothing: tuple[Sheet, Header | None] = (Sheet(""), None)
    sheet, header = max(filled or fitting or located, key=lambda pair: pair[1].found, default=nothing)
    return sheet, headers.demand(header, sheet.rows, contract)


def table(sheet: Sheet, header: Header, contract: Contract) -> RawTable:
    """The rows below the header as a DataFrame of the contract's columns."""
    below = sheet.rows[header.at + 1 :]
    header_row = sheet.rows[header.at][0]
    known = {cell.column: cell.position for cell in header.cells if cell.column}
    order = [column.name for column in contract.as_written if column.name in known]
    index = pd.Index([number for number, _ in below], dtype="int64", name="row")
    columns = {name: _column(below, known[name]) for name in order}
    width = len(sheet.rows[header.at][1])
    names = {position: name for name, position in known.items()}
    return RawTable(
        sheet=headers.shown(sheet.name),
        preamble=tuple(" ".join(cell for cell in cells if cell) for _, cells in sheet.rows[: header.at]),
        headers=header.cells,
        header_row=header_row,
        rows=pd.DataFrame(columns, index=index, dtype="str"),
        issues=(*header.issues, *_absent(contract, known), *_other_encoding(sheet, contract)),
        misshapen=_misshapen(below, width) if sheet.encoding else (),
        footers=_footers(below, contract.layout.footer),
        filled=tuple((row, names[at]) for row, at in sheet.filled if at in names and row > header_row),
    )  # fmt: skip


def _column(rows: list[tuple[int, list[str]]], position: int) -> list[str]:
    return [cells[position] if position < len(cells) else "" for _, cells in rows]


def _misshapen(rows: list[tuple[int, list[str]]], width: int) -> tuple[int, ...]:
    return tuple(number for number, cells in rows if len(cells) > width and any(cells[width:]))


def _footers(rows: list[tuple[int, list[str]]], words: tuple[str, ...]) -> tuple[int, ...]:
    if not words:
        return ()
    begins = tuple(fold(word) for word in words)
    first = ((number, next((cell for cell in cells if cell.strip()), "")) for number, cells in rows)
    return tuple(number for number, cell in first if fold(cell).startswith(begins))


def _absent(contract: Contract, known: dict[str, int]) -> list[RowIssue]:
    """One note for each column of the contract that is not there; a whole slot of members may be missing."""
    unused = {c.name for slot in contract.slots.values() for c in slot.values() if not _any(slot, known)}
    absent = [c.name for c in contract.as_written if c.name not in known and c.name not in unused]
    return [RowIssue("column_absent", Effect.NOTE, column=name) for name in absent]


def _any(slot: dict[str, Column], known: dict[str, int]) -> bool:
    return any(column.name in known for column in slot.values())


def _other_encoding(sheet: Sheet, contract: Contract) -> list[RowIssue]:
    if sheet.encoding in (None, contract.layout.encoding):
        return []
    return [RowIssue("encoding_other", Effect.NOTE)]
