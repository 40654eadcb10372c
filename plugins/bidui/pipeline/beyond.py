"""Rows by which a sender oversteps what its agreement lets it do: another kind of change, a place elsewhere (SQ-09)."""

from __future__ import annotations

import pandas as pd

from bidui.domain.issues import Effect
from bidui.domain.period import Period
from bidui.intake.normalise import Normalised
from bidui.pipeline.unseal import Content
from bidui.policy.contract import Contract
from bidui.policy.places import Places
from bidui.policy.policy_set import PolicySet

_FINEST_FIRST = ("region_village", "region_town", "region_county")


def beyond(
    policy: PolicySet, places: Places, contract: Contract, content: Content, normal: Normalised, on: Period
) -> pd.DataFrame:
    """Issues (row, column, code, effect) of such rows.

    What a row asks to be changed in the register takes the permission that its code names, any other row that of
    entering data. Where the permission is for the party's own region, a row must not name a place elsewhere: the
    region of the contact who sends, or, of one who has none, all of the hub's.
    """
    rows = normal.frame.drop(index=normal.quarantined)
    change, may, region = contract.column("change"), content.agreement.may, content.contact.region
    asked = pd.Series("entry", index=rows.index)
    if change:
        asked = rows[change.name].map(policy.modes(change, on.last_day)).fillna("entry")
    forbidden = rows.index[~asked.isin([*may, "entry"])]
    own = rows[(asked.map(dict(may)) != "all") & ~rows.index.isin(forbidden)]
    named = places.column(contract, own if region else own.iloc[:0], whole=False)
    elsewhere = [code for code in named.dropna().unique() if policy.is_beyond(code, region or "")]
    return pd.concat([
        set_aside(forbidden, change.name if change else None, "mode_outside"),
        set_aside(named.index[named.isin(elsewhere)], place_column(contract), "region_outside"),
    ])  # fmt: skip


def place_column(contract: Contract) -> str | None:
    """The column at which a place is pointed at."""
    return next((c.name for role in _FINEST_FIRST if (c := contract.column(role))), None)


def set_aside(rows: pd.Index[int], column: str | None, code: str) -> pd.DataFrame:
    """Issues of rows that are not used."""
    return pd.DataFrame({"row": rows, "column": column, "code": code, "effect": str(Effect.QUARANTINE)})
