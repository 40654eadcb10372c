"""Places (地区): from the names or codes that a row gives to the finest region of the hub that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from bidui.policy.contract import Contract
from bidui.policy.region import Region


class Places:
    """The regions of one hub on one day."""

    def __init__(self, regions: Iterable[Region], day: date) -> None:
        known = [r for r in regions if r.valid_from <= day and (r.valid_to is None or day <= r.valid_to)]
        self._codes = {r.code: r for r in known}
        self._named: dict[tuple[str | None, str], list[Region]] = {}
        for region in known:
            for parent in {region.parent, None}:
                self._named.setdefault((parent, region.name), []).append(region)

    def resolve(self, *names: str | None) -> str | None:
        """Code of the finest region; None when a name is unknown or ambiguous.

        ``names`` go from the widest to the finest.
        """
        within: str | None = None
        for name in names:
            if not name:
                continue
            if name in self._codes:
                within = name
                continue
            found = self._named.get((within, name), [])
            if len(found) != 1:
                return None
            within = found[0].code
        return within

    def column(self, contract: Contract, frame: pd.DataFrame) -> pd.Series:
        """Region code of each row of a normalised frame (None where unknown), by the contract's region columns."""
        columns = [
            c.name
            for level in ("region_county", "region_town", "region_village")
            if (c := contract.column(level)) is not None
        ]
        if not columns:
            return pd.Series(None, index=frame.index, dtype="object")
        given = frame[columns].astype("object").where(frame[columns].notna(), None)
        distinct = given.drop_duplicates()
        codes = {tuple(row): self.resolve(*row) for row in distinct.itertuples(index=False, name=None)}
        return pd.Series(
            [codes[row] for row in given.itertuples(index=False, name=None)], index=frame.index, dtype="object"
        )
