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
        reached = self._follow(names)
        return reached[-1] if reached else None

    def reach(self, *names: str | None) -> str | None:
        """The same, but of what stands before the first name that is unknown or ambiguous."""
        return next((code for code in reversed(self._follow(names)) if code), None)

    def _follow(self, names: Iterable[str | None]) -> list[str | None]:
        """The code of each name that is given, the last one None where it is unknown or ambiguous."""
        reached: list[str | None] = []
        for name in filter(None, names):
            within = reached[-1] if reached else None
            found = self._named.get((within, name), [])
            if name in self._codes:
                reached.append(name)
            elif len(found) == 1:
                reached.append(found[0].code)
            else:
                return [*reached, None]
        return reached

    def column(self, contract: Contract, frame: pd.DataFrame, *, whole: bool = True) -> pd.Series:
        """Region code of each row of a normalised frame (None where unknown), by the contract's region columns.

        Not ``whole``: of a place that is known in part, the part that is known.
        """
        columns = [
            c.name
            for level in ("region_county", "region_town", "region_village")
            if (c := contract.column(level)) is not None
        ]
        if not columns:
            return pd.Series(None, index=frame.index, dtype="object")
        given = frame[columns].astype("object").where(frame[columns].notna(), None)
        distinct = given.drop_duplicates()
        of = self.resolve if whole else self.reach
        codes = {tuple(row): of(*row) for row in distinct.itertuples(index=False, name=None)}
        return pd.Series(
            [codes[row] for row in given.itertuples(index=False, name=None)], index=frame.index, dtype="object"
        )
