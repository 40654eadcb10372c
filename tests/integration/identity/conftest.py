"""Packages as they settle, without their files: rows as the normaliser leaves them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from bidui.domain.id_number import check_character, read_many
from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.pipeline.examine import Examined
from bidui.pipeline.office import Office
from bidui.pipeline.settle import Intended, settle
from bidui.policy.contract import Contract
from bidui.store import ledger, tables
from bidui.store.database import Role

Row = dict[str, object]
Settled = dict[str, Any]
"""The record of a submission."""


def id_number(birth: str = "19800203", serial: str = "001") -> str:
    """A number of the fictional county, with its check character."""
    first = f"990821{birth}{serial}"
    return first + check_character(first)


def mistyped(number: str, place: int = 16) -> str:
    """The number with one digit wrong, which its check character betrays."""
    return number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]


def swapped(number: str, place: int) -> str:
    """The number with two neighbours swapped."""
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


@pytest.fixture
def roster(office: Office) -> Contract:
    """A dataset of persons with their names and villages."""
    return next(c for c in office.policy.tables if c.column("subject") and not c.column("household_key"))


@pytest.fixture
def village(office: Office) -> Callable[[int], dict[str, str]]:
    """Names of the town and the village of that ordinal, under the roles that ask for them."""
    villages = office.policy.regions_of(office.policy.profile.levels[-1], datetime(2026, 11, 30).date())  # noqa: DTZ001
    names = {region.code: region.name for region in office.policy.regions}

    def named(ordinal: int) -> dict[str, str]:
        place = villages[ordinal]
        return {"region_town": names[place.parent or ""], "region_village": place.name}

    return named


@pytest.fixture
def settled(office: Office, roster: Contract, as_of: datetime) -> Callable[..., Settled]:
    """Settles rows of the roster (columns by role), from row 2 on; the rows ``quarantined`` are set aside."""

    def settle_rows(rows: list[Row], quarantined: tuple[int, ...] = (), period: str = "2026-11") -> Settled:
        frame = pd.DataFrame(
            {
                column.name: pd.Series([row.get(column.role or column.name) for row in rows], dtype=object)
                for column in roster.columns
            }
        )
        frame.index = pd.RangeIndex(2, 2 + len(rows))
        for column in roster.columns:
            if column.identifier == "id_number":
                parts = read_many(frame[column.name].astype("str"))
                frame = frame.join(parts.drop(columns="repairs").add_prefix(f"{column.name}__"))
        examined = Examined(
            roster, "", frame, pd.DataFrame(), frame.index[[n - 2 for n in quarantined]], Period.parse(period), None,
            0, (),
        )  # fmt: skip
        key, month = digest(rows, period), Period.parse(period)
        package = {"package_hash": key, "hub": office.policy.hub, "bytes": 1, "form": "csv", "recorded_as_of": as_of}
        arrival = {
            "arrival_id": key, "hub": office.policy.hub, "package_hash": key, "ordinal": 1, "channel": "folder",
            "party": roster.party, "contact": None, "dataset": roster.id, "period": period, "arrived_at": as_of,
        }  # fmt: skip
        intended = Intended(
            roster, key, month, office.policy.hub, "full", data_date=None, late=False, before=None, as_of=as_of
        )
        with office.database.begin(Role.INTAKE) as connection:
            ledger.record(connection, tables.package, package)
            ledger.record(connection, tables.arrival, arrival)
            return settle(office, connection, intended, examined)

    return settle_rows
