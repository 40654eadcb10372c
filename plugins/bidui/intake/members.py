"""Sheets whose rows are households: unfolded to one line a member, and what was noticed folded back to the sheet.

A member is known by its line (`Contract.lines`); a person reads the sheet's row and the header with its number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from bidui.domain.words import tidy
from bidui.intake.cells import empty
from bidui.policy.contract import Contract, Members


@dataclass(frozen=True)
class Unfolded:
    """Lines of text by the contract's columns, and what was noticed. Its repr shows no cell."""

    lines: pd.DataFrame = field(repr=False)
    beyond: pd.Index[int]
    """Lines of members for whom the sheet has no room."""
    unnamed: pd.Index[int]
    """Lines that are none: something stands in the slot, but nothing that says who."""


def unfold(rows: pd.DataFrame, contract: Contract, members: Members) -> Unfolded:
    """One line for each filled slot of ``rows`` (text by `Contract.as_written`).

    A slot is filled when a required column of it is. A household without any member keeps its first slot, whose gaps
    then set it aside: it is not overlooked.
    """
    household = [c.name for c in contract.columns if c.name in rows]
    nothing = pd.Series("", index=rows.index, dtype="str")
    slots = {
        n: pd.DataFrame({name: rows.get(column.name, nothing) for name, column in slot.items()})
        for n, slot in contract.slots.items()
    }
    said = {n: ~slot.map(_empty) for n, slot in slots.items()}
    filled = pd.DataFrame({n: there[_asked(contract, members)].any(axis=1) for n, there in said.items()})
    filled[1] |= ~filled.any(axis=1)
    lines, unnamed = [], []
    for n, slot in slots.items():
        here = rows.index[filled[n]]
        line = rows.loc[here, household].join(slot.loc[here]).assign(**{members.number: str(n)})
        lines.append(line.set_axis(contract.lines(here, n)))
        unnamed.append(contract.lines(rows.index[said[n].any(axis=1) & ~filled[n]], n))
    unfolded = pd.concat(lines).sort_index()
    beyond = unfolded.index[contract.places(unfolded.index)[1] > members.slots]
    return Unfolded(unfolded, beyond, unnamed[0].append(unnamed[1:]).sort_values())


def named_by(contract: Contract, members: Members) -> str:
    """The column at which a slot is pointed at."""
    return _asked(contract, members)[0]


def counted(frame: pd.DataFrame, contract: Contract) -> pd.Series:
    """How many persons the household of each typed line has in this file; one who stands there twice is one."""
    household, subject = contract.column("household_key"), contract.column("subject")
    assert household is not None
    assert subject is not None  # the contract sees to both
    who = frame[subject.name].where(frame[subject.name].notna(), frame.index.to_series())
    return who.groupby(frame[household.name]).transform("nunique").astype("Int64")


def once(frame: pd.DataFrame, contract: Contract, apart: pd.Index[int]) -> pd.DataFrame:
    """``frame`` with what speaks of a household once (money) only on the first of its lines that are not set apart."""
    layout, household = contract.layout.members, contract.column("household_key")
    if layout is None or household is None or not layout.once:
        return frame
    going = frame[~frame.index.isin(apart)]
    columns, key = list(layout.once), going[household.name]
    stated = going.groupby(household.name)[columns].transform("first").where(~key.duplicated(), axis=0)
    settled = frame.copy()
    for column in columns:
        settled[column] = stated[column].reindex(frame.index).astype(frame[column].dtype)
    return settled


def fold(issues: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Issues of lines as issues of the sheet's rows and headers; what is said of a household is said once."""
    if not contract.slots or issues.empty:
        return issues
    rows, slots = contract.places(pd.Index(issues["row"].astype("Int64")))
    headers = {(n, name): column.name for n, slot in contract.slots.items() for name, column in slot.items()}
    columns = [headers.get((n, name), name) for n, name in zip(slots.fillna(0), issues["column"], strict=True)]
    folded = issues.assign(row=rows, column=pd.Series(columns, index=issues.index, dtype=object))
    return folded.drop_duplicates(["row", "column", "code"], ignore_index=True)


def _asked(contract: Contract, members: Members) -> list[str]:
    return [c.name for c in contract.columns if c.name in members.columns and c.required]


def _empty(text: str) -> bool:
    return empty(tidy(text))
