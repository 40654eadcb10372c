"""Cells that we sent out locked and that must come back unchanged (入户核查表的灰色单元格).

Only hashes of what was sent are remembered, so that the check needs no text and reveals none.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bidui.domain.issues import Effect
from bidui.domain.keys import digest
from bidui.domain.words import tidy
from bidui.policy.contract import Contract


def seal_of(row_key: str, title: str, written: str) -> str:
    """The hash by which a locked cell is recognised; width and spaces around do not count."""
    return digest("locked cell", row_key, title, tidy(written))


def check(written: pd.DataFrame, contract: Contract, sent: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Issues (row, column, code, effect) of a returned table.

    A row whose key was never sent, or that stands twice, and a row with a changed locked cell are set aside.
    ``written``: text by column name; ``sent``: row key → title → hash.
    """
    key = contract.column("row_key")
    if key is None or key.name not in written:
        return _table([])
    found: list[tuple[int, str, str]] = []
    keys = written[key.name].map(tidy)
    locked = {c.name: c.title for c in contract.columns if c.locked and c.name in written}
    twice = set(keys[keys.duplicated(keep=False)])
    for row, row_key, cells in zip(written.index.tolist(), keys, written.to_dict("records"), strict=True):
        if not row_key:
            continue
        if row_key not in sent:
            found.append((row, key.name, "row_not_sent"))
        elif row_key in twice:
            found.append((row, key.name, "row_sent_back_twice"))
        else:
            found += [
                (row, name, "locked_cell_changed") for name, title in locked.items()
                if title in sent[row_key] and sent[row_key][title] != seal_of(row_key, title, cells[name])
            ]  # fmt: skip
    return _table(found)


def _table(found: list[tuple[int, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["row", "column", "code"])
    table["effect"] = str(Effect.QUARANTINE)
    return table
