"""From a raw table to typed columns and row issues: repairs recorded, nothing guessed, no row lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import pandas_dtype

from bidui.domain.id_number import read_many
from bidui.domain.issues import Effect, RowIssue
from bidui.domain.words import fold, tidy
from bidui.intake import cells, members
from bidui.intake.reading import RawTable
from bidui.policy.codes import CodeList
from bidui.policy.contract import Column, Contract

_CELL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
_UNREADABLE = ("_unreadable", "value_not_in_list", "out_of_range")
_LOSSY = frozenset({"date_time_dropped", "month_day_dropped", "cell_error"})
_SEPARATORS = re.compile(r"[,、;/|\s]+")
_ISSUE_COLUMNS = ("row", "column", "code", "effect")

_DTYPES = {
    "integer": "Int64", "decimal": "Float64", "boolean": "boolean",
    "date": "datetime64[s]", "month": "datetime64[s]",
}  # fmt: skip
"""Of the other types: object, with None where there is no value."""

Parse = Callable[[str], tuple[Any, str | None]]


@dataclass(frozen=True, repr=False)
class Normalised:
    """Typed rows and what was noticed. Its repr shows no cell."""

    sheet: str
    frame: pd.DataFrame
    """Every row that holds data, quarantined ones too: the contract's columns in its order, then `Contract.derived`;
    the index is the line: the row number as a person sees it in the file, or in a sheet of households what
    `Contract.lines` makes of it."""
    issues: pd.DataFrame
    """row (the line; Int64, missing for the file as a whole), column, code, effect; in the order of lines."""

    def __repr__(self) -> str:
        """Without any cell."""
        return f"Normalised(rows={len(self.frame)}, issues={len(self.issues)})"

    @property
    def quarantined(self) -> pd.Index:
        """Numbers of the rows that are set aside."""
        apart = self.issues.loc[self.issues["effect"] == Effect.QUARANTINE, "row"]
        return self.frame.index[self.frame.index.isin(apart.dropna().astype("int64"))]

    @property
    def accepted(self) -> pd.DataFrame:
        """The rows that go on."""
        return self.frame.drop(index=self.quarantined)

    @property
    def counts(self) -> dict[str, int]:
        """How often each code occurs."""
        return {str(code): int(n) for code, n in self.issues["code"].value_counts().sort_index().items()}


class _Issues:
    """Gathers issues by the column, because there may be thousands."""

    def __init__(self, notes: Iterable[RowIssue]) -> None:
        self._parts = [
            pd.DataFrame([(None, n.column, n.code, str(n.effect)) for n in notes], columns=list(_ISSUE_COLUMNS))
        ]

    def add(self, rows: Iterable[int], column: str | None, codes: Any, effects: Any) -> None:
        numbers = list(rows)
        if numbers:
            self._parts.append(pd.DataFrame({"row": numbers, "column": column, "code": codes, "effect": effects}))

    def table(self) -> pd.DataFrame:
        parts = [
            part.astype({"row": "Int64", "column": object, "code": object, "effect": object}) for part in self._parts
        ]
        table = pd.concat(parts, ignore_index=True)
        return table.sort_values("row", kind="stable", na_position="first").reset_index(drop=True)


def normalise(raw: RawTable, contract: Contract, code_lists: Mapping[str, CodeList], *, on: date) -> Normalised:
    """Typed columns and issues of a table read under ``contract``; ``on`` is the day whose code lists hold.

    Repairs and notes leave the row in use. A required value that is missing or cannot be read, a number out
    of its bounds and a rounded ID number quarantine it; an ID number unresolved otherwise is a note.
    """
    issues = _Issues(raw.issues)
    rows = _data_rows(raw, contract, issues)
    _note_filled(raw, rows, contract, issues)
    rows = _lines(rows, contract, issues)
    misshapen = rows.index[contract.places(rows.index)[0].isin(raw.misshapen)]
    issues.add(misshapen, None, "row_shape", str(Effect.QUARANTINE))
    columns: dict[str, pd.Series] = {}
    beside: dict[str, pd.Series] = {}
    for column in contract.columns:
        written = rows[column.name] if column.name in rows else pd.Series("", index=rows.index, dtype="str")
        if column.identifier == "id_number":
            columns[column.name], parts = _id_column(written, column, issues)
            beside |= {f"{column.name}__{part}": parts[part] for part in column.parts}
        else:
            columns[column.name] = _column(written, column, _parser(column, code_lists, on), issues)
    frame = pd.DataFrame(columns | beside, index=rows.index)
    if contract.layout.members:
        frame[f"{contract.layout.members.number}__count"] = members.counted(frame, contract)
    return Normalised(raw.sheet, frame, issues.table())


def _lines(rows: pd.DataFrame, contract: Contract, issues: _Issues) -> pd.DataFrame:
    """One line a member, where the rows are households."""
    layout = contract.layout.members
    if layout is None:
        return rows
    unfolded, at = members.unfold(rows, contract, layout), members.named_by(contract, layout)
    issues.add(unfolded.beyond, at, "member_beyond_slots", str(Effect.QUARANTINE))
    issues.add(unfolded.unnamed, at, "member_unnamed", str(Effect.NOTE))
    return unfolded.lines


def _data_rows(raw: RawTable, contract: Contract, issues: _Issues) -> pd.DataFrame:
    """Without what is no data: empty rows, footers, the header once more on each printed page."""
    blank = raw.rows.apply(lambda column: column.str.strip() == "")
    titles = {cell.column: cell.text for cell in raw.headers if cell.column}
    required = [column.name for column in contract.as_written if column.required and column.name in raw.rows]
    again = pd.Series(0, index=raw.rows.index)
    for name in required:
        again += (raw.rows[name] == titles[name]).astype(int)
    dropped = pd.Series("", index=raw.rows.index, dtype=object)
    dropped[blank.all(axis=1)] = "row_empty"
    dropped[again * 2 > len(required)] = "header_repeated"
    incomplete = blank[required].any(axis=1) if required else pd.Series(True, index=raw.rows.index)
    dropped[raw.rows.index.isin(raw.footers) & incomplete] = "footer_dropped"
    gone = dropped[dropped != ""]
    issues.add(contract.lines(gone.index), None, gone.to_numpy(), str(Effect.NOTE))
    return raw.rows[dropped == ""]


def _note_filled(raw: RawTable, rows: pd.DataFrame, contract: Contract, issues: _Issues) -> None:
    there = set(rows.index)
    by_column: dict[str, list[int]] = {}
    for row, column in raw.filled:
        if row in there:
            by_column.setdefault(column, []).append(row)
    for column, numbers in by_column.items():
        issues.add(contract.lines(pd.Index(numbers)), column, "cell_merged", str(Effect.REPAIR))


def _id_column(written: pd.Series, column: Column, issues: _Issues) -> tuple[pd.Series, pd.DataFrame]:
    """The text as written (None where there is none) and its readings."""
    readings = read_many(written)
    text = written.str.strip().astype(object)
    text[readings["problem"] == "id_missing"] = None
    repaired = readings.loc[readings["repairs"].map(bool), "repairs"].explode()
    if column.id_form == "certificate":
        repaired = repaired[repaired != "id_disability_prefix"]
        short = readings.index[readings["number"].notna() & readings["suffix"].isna()]
        issues.add(short, column.name, "certificate_digits_missing", str(Effect.NOTE))
        readings["category"], readings["level"] = readings["suffix"].str[0], readings["suffix"].str[1]
    issues.add(repaired.index, column.name, repaired.to_numpy(), str(Effect.REPAIR))
    apart = column.required or column.role == "subject"
    for problem, found in readings.groupby("problem").groups.items():
        code, effect = str(problem), Effect.NOTE
        if problem == "id_missing":
            if not column.required:
                continue
            code, effect = "required_missing", Effect.QUARANTINE
        elif problem == "id_rounded" and apart:
            effect = Effect.QUARANTINE
        issues.add(found, column.name, code, str(effect))
    return text, readings


def _column(written: pd.Series, column: Column, parse: Parse, issues: _Issues) -> pd.Series:
    """One column, typed; each distinct text is parsed once."""
    places, distinct = pd.factorize(written.astype(object).to_numpy())
    values = np.full(len(distinct), None, dtype=object)
    codes = values.copy()
    for at, text in enumerate(distinct):
        values[at], codes[at] = parse(text)
    typed = pd.Series(values, dtype=object).astype(pandas_dtype(_DTYPES.get(column.type, "object")))
    result = typed.take(places).set_axis(written.index)
    noticed = pd.Series(codes[places], index=written.index, dtype=object).dropna()
    issues.add(noticed.index, column.name, noticed.to_numpy(), [_effect(code, column) for code in noticed])
    if column.required:
        explained = noticed.index[noticed.map(lambda code: code.endswith(_UNREADABLE)).astype(bool)]
        missing = result.index[result.isna()].difference(explained)
        issues.add(missing, column.name, "required_missing", str(Effect.QUARANTINE))
    return result


def _effect(code: str, column: Column) -> str:
    if code == "out_of_range" or (code.endswith(_UNREADABLE) and column.required):
        return str(Effect.QUARANTINE)
    if code.endswith(_UNREADABLE) or code in _LOSSY:
        return str(Effect.NOTE)
    return str(Effect.REPAIR)


def _parser(column: Column, code_lists: Mapping[str, CodeList], on: date) -> Parse:
    """Text of one cell → (value, code), for the column's type and bounds."""
    if column.type in ("code", "codes"):
        listed = code_lists[column.code_list or column.name]
        return _guarded(_one_of(listed, on) if column.type == "code" else _several_of(listed, on))
    plain: dict[str, Parse] = {
        "integer": cells.integer, "decimal": cells.decimal, "boolean": cells.boolean,
        "date": cells.day, "month": cells.month,
    }  # fmt: skip
    if column.type == "text":
        return _name if column.identifier == "name" else _text
    return _guarded(_bounded(plain[column.type], column))


def _guarded(parse: Parse) -> Parse:
    """Before the type: one width, and no error values of formulas."""

    def parsed(written: str) -> tuple[Any, str | None]:
        text = tidy(written)
        return (None, "cell_error") if text in _CELL_ERRORS else parse(text)

    return parsed


def _text(written: str) -> tuple[str | None, str | None]:
    text = tidy(written)
    if text in _CELL_ERRORS:
        return None, "cell_error"
    return text or None, None if text == written.strip() or not text else "text_width"


def _name(written: str) -> tuple[str | None, str | None]:
    """Names stay as written, rare characters and widths too: `bidui.domain.names` compares them."""
    text = written.strip()
    return (None, "cell_error") if text in _CELL_ERRORS else (text or None, None)


def _bounded(parse: Parse, column: Column) -> Parse:
    if column.minimum is None and column.maximum is None:
        return parse
    low = float("-inf") if column.minimum is None else column.minimum
    high = float("inf") if column.maximum is None else column.maximum

    def bounded(text: str) -> tuple[Any, str | None]:
        value, code = parse(text)
        return (value, code) if value is None or low <= value <= high else (None, "out_of_range")

    return bounded


def _one_of(listed: CodeList, on: date) -> Parse:
    def code(text: str) -> tuple[str | None, str | None]:
        found = listed.code_of(text, on)
        return found, None if found or cells.empty(text) else "value_not_in_list"

    return code


def _several_of(listed: CodeList, on: date) -> Parse:
    """Words between separators; one that itself holds a separator may stand alone. Known ones are kept."""

    def codes(text: str) -> tuple[list[str] | None, str | None]:
        if whole := listed.code_of(text, on):
            return [whole], None
        words = [word for word in _SEPARATORS.split(text) if fold(word) and not cells.empty(word)]
        found = [listed.code_of(word, on) for word in words]
        known = list(dict.fromkeys(code for code in found if code))
        return known or None, "value_not_in_list" if None in found else None

    return codes
