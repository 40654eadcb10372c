"""Rows that bear the same business key within one file.

The same row twice is one row and its copies; two rows that say different things under one key are all set
aside, because nobody but the sender can say which is right.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from bidui.policy.contract import Contract
from bidui.quality.suite import key_column

IDENTICAL = "duplicate_identical"
CONFLICT = "duplicate_conflict"
LINE_NUMBER = "line_number"
"""Role of a column that merely numbers the rows: it tells no two rows apart."""


def with_keys(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """``frame`` with the columns that compare keys: the mended ID number, else the text as written."""
    added = {
        key_column(c): frame[f"{c.name}__number"].where(frame[f"{c.name}__number"].notna(), frame[c.name])
        for c in contract.columns
        if c.identifier == "id_number" and f"{c.name}__number" in frame
    }
    return frame.assign(**added)


def find(frame: pd.DataFrame, contract: Contract) -> dict[int, str]:
    """Row number → issue code, of every row to set aside; ``frame`` comes from ``with_keys``."""
    keys = [key_column(c) for c in contract.key]
    if not keys:
        return {}
    whole = frame[frame[keys].notna().all(axis=1)]
    shared = whole[whole.duplicated(keys, keep=False)]
    if shared.empty:
        return {}
    said = [key_column(c) if key_column(c) in frame else c.name for c in contract.columns if c.role != LINE_NUMBER]
    content = pd.Series(list(shared[said].map(_cell).itertuples(index=False, name=None)), index=shared.index)
    group = shared.groupby(keys, sort=False).ngroup()
    distinct = content.groupby(group).transform("nunique")
    copies = (distinct == 1) & group.duplicated(keep="first")
    return {int(row): CONFLICT for row in shared.index[distinct > 1]} | {
        int(row): IDENTICAL for row in shared.index[copies]
    }


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return "|".join(sorted(map(str, value)))
    return "" if pd.isna(value) else str(value)
