"""Finding the header row and giving each of its cells the contract's column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bidui.domain.issues import Effect, Refusal, RowIssue
from bidui.domain.words import fold
from bidui.policy.contract import Column, Contract

DEPTH = 10
"""The header is looked for in the first rows that hold anything."""

_LONG_NUMBER = re.compile(r"[0-9]{6,}[0-9Xx]*")
_SHOWN = 40


@dataclass(frozen=True)
class HeaderCell:
    """One cell of the header row."""

    position: int
    """From 0, as in the file."""
    text: str
    """As written, without spaces; a repeated one ends in 0, as the national system writes it."""
    column: str | None = None
    """The contract's column; None for a column that the contract does not know."""


@dataclass(frozen=True)
class Header:
    """The header row of one sheet."""

    at: int
    """Place among the sheet's rows, from 0."""
    cells: tuple[HeaderCell, ...]
    missing: tuple[str, ...]
    """Titles of required columns that are not there."""

    @property
    def found(self) -> int:
        """How many of the contract's columns are there."""
        return len({cell.column for cell in self.cells if cell.column})

    @property
    def issues(self) -> list[RowIssue]:
        """One note for each column that the contract does not know."""
        return [RowIssue("column_dropped", Effect.NOTE, column=shown(c.text)) for c in self.cells if not c.column]


def shown(text: str) -> str:
    """A header text that may be shown: short and without long numbers, should it be no header after all."""
    return _LONG_NUMBER.sub("…", text)[:_SHOWN]


def words(contract: Contract) -> set[str]:
    """All titles and aliases, folded."""
    return {fold(word) for column in contract.as_written for word in (column.title, *column.aliases)}


def locate(rows: Sequence[tuple[int, list[str]]], contract: Contract) -> Header | None:
    """The first of the leading rows with the most known headers; None where no row has one."""
    known = words(contract)
    scores = [len({fold(cell) for cell in cells} & known) for _, cells in rows[:DEPTH]]
    if not scores or not max(scores):
        return None
    at = scores.index(max(scores))
    cells = assign(labelled(rows[at][1]), contract)
    there = {cell.column for cell in cells}
    missing = tuple(c.title for c in contract.as_written if c.required and c.name not in there)
    return Header(at, cells, missing)


def labelled(texts: Sequence[str]) -> tuple[HeaderCell, ...]:
    """The cells that hold anything; the second of one name gets the suffix 0, the third 00."""
    cells: list[HeaderCell] = []
    taken: set[str] = set()
    for position, text in enumerate(texts):
        label = "".join(text.split())
        if not label:
            continue
        while fold(label) in taken:
            label += "0"
        taken.add(fold(label))
        cells.append(HeaderCell(position, label))
    return tuple(cells)


def assign(cells: Sequence[HeaderCell], contract: Contract) -> tuple[HeaderCell, ...]:
    """The cells with their columns: a title before an alias; two aliases of one column are refused.

    Raises:
        Refusal: columns_ambiguous, with the title.
    """
    by_text = {fold(cell.text): cell for cell in cells}
    owner: dict[int, str] = {}
    titled = {column.name: by_text.get(fold(column.title)) for column in contract.as_written}
    owner.update({cell.position: name for name, cell in titled.items() if cell})
    for column in contract.as_written:
        if titled[column.name]:
            continue
        found = {cell.position for cell in _by_alias(column, by_text) if cell.position not in owner}
        if len(found) > 1:
            raise Refusal("columns_ambiguous", {"columns": [column.title]})
        owner.update(dict.fromkeys(found, column.name))
    return tuple(replace(cell, column=owner.get(cell.position)) for cell in cells)


def _by_alias(column: Column, by_text: dict[str, HeaderCell]) -> list[HeaderCell]:
    return [cell for alias in column.aliases if (cell := by_text.get(fold(alias)))]


def demand(header: Header | None, rows: Sequence[tuple[int, list[str]]], contract: Contract) -> Header:
    """The header, or the refusal that says what is wrong with it.

    Raises:
        Refusal: not_this_dataset (fewer than half of the required headers), header_two_lines,
            columns_missing (facts: titles).
    """
    required = [column for column in contract.as_written if column.required] or list(contract.as_written)
    if header is None:
        raise Refusal("not_this_dataset", {"title": contract.title, "found": 0, "required": len(required)})
    there = {cell.column for cell in header.cells}
    found = sum(column.name in there for column in required)
    if header.missing and _continues(header, rows, contract):
        raise Refusal("header_two_lines", {"columns": list(header.missing)})
    if found * 2 < len(required):
        raise Refusal("not_this_dataset", {"title": contract.title, "found": found, "required": len(required)})
    if header.missing:
        raise Refusal("columns_missing", {"columns": list(header.missing)})
    return header


def _continues(header: Header, rows: Sequence[tuple[int, list[str]]], contract: Contract) -> bool:
    """Whether a neighbouring row holds all the required headers that this one lacks."""
    lacking = [c for c in contract.as_written if c.required and c.title in header.missing]
    for at in (header.at - 1, header.at + 1):
        if 0 <= at < len(rows):
            beside = {fold(cell) for cell in rows[at][1]}
            if all(beside & {fold(word) for word in (c.title, *c.aliases)} for c in lacking):
                return True
    return False
