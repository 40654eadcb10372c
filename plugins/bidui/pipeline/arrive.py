"""Registering what arrived: each file is kept in the vault and known by its hash before anybody looks inside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from bidui.domain.keys import digest
from bidui.domain.period import Period
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement, Contact, Provision
from bidui.policy.policy_set import PolicySet
from bidui.sealing import opening
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached

_MONTH_IN_NAME = re.compile(r"(?<!\d)(20\d{2})[-_.年]?(0[1-9]|1[0-2]|[1-9](?=月))")


@dataclass(frozen=True)
class Origin:
    """Where a file came from. ``mark`` is what the road itself knows it by, so that a restart sees the same arrival."""

    channel: str
    mark: str
    party: str
    contact: str | None


@dataclass(frozen=True)
class Arrival:
    """One registered arrival of a package."""

    arrival_id: str
    package_hash: str
    ordinal: int
    party: str
    dataset: str
    period: str
    new: bool

    @property
    def run_key(self) -> str:
        """What the run that receives it is called: ``period.dataset.hash8``, and the ordinal of a repeated package."""
        again = f".{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.period}.{self.dataset}.{self.package_hash[:8]}{again}"


def arrive(office: Office, data: bytes, name: str, origin: Origin, dataset: str, as_of: datetime) -> Arrival:
    """Keep the file and register its arrival, once for each ``origin.mark``.

    ``dataset`` comes from the road's rule; the period from the name, else from the window that ``as_of`` lies in. Both
    are confirmed inside the file later.
    """
    package_hash, form = office.vault.put(data), opening.kind(data).value
    reached("arrive.kept")
    arrival_id = digest("arrival", office.policy.hub, origin.channel, origin.mark, package_hash)[:32]
    period = str(period_in_name(name) or period_at(office, as_of))
    with office.database.begin(Role.INTAKE) as connection:
        ledger.lock(connection, "package", package_hash)
        ledger.record_new(connection, tables.package, {
            "package_hash": package_hash, "hub": office.policy.hub, "bytes": len(data),
            "form": form, "recorded_as_of": as_of})  # fmt: skip
        known = connection.execute(
            text("SELECT arrival_id, ordinal, period FROM core.arrival WHERE package_hash = :hash ORDER BY ordinal"),
            {"hash": package_hash},
        ).all()
        before = next((row for row in known if row.arrival_id == arrival_id), None)
        if before:
            return Arrival(arrival_id, package_hash, before.ordinal, origin.party, dataset, before.period, new=False)
        ordinal = len(known) + 1
        ledger.record(connection, tables.arrival, {
            "arrival_id": arrival_id, "hub": office.policy.hub, "package_hash": package_hash, "ordinal": ordinal,
            "channel": origin.channel, "party": origin.party, "contact": origin.contact, "dataset": dataset,
            "period": period, "arrived_at": as_of})  # fmt: skip
        ledger.record(connection, tables.file_name, {"arrival_id": arrival_id, "name": name})
    reached("arrive.registered")
    return Arrival(arrival_id, package_hash, ordinal, origin.party, dataset, period, new=True)


def period_in_name(name: str) -> Period | None:
    """The month that a file name states, if it states one."""
    found = _MONTH_IN_NAME.search(name)
    return Period(int(found[1]), int(found[2]), 1) if found else None


def period_at(office: Office, as_of: datetime) -> Period:
    """The month whose window is open or was last open: before this month's window opens, the month before."""
    today = office.today(as_of)
    month = Period.month_of(today)
    return month if today >= window_of(office, month)[0] else month.shift(-1)


def window_of(office: Office, month: Period) -> tuple[date, date]:
    """First and last day of a month's exchange window (ZM-07), the first rolled to a working day if policy says so."""
    return window(office.policy, month)


def window(policy: PolicySet, month: Period) -> tuple[date, date]:
    """The same, by the policy alone."""
    stated = policy.profile.window
    opens = month.first_day.replace(day=min(stated.opens_day, month.last_day.day))
    if stated.rolls_to_working_day:
        opens = policy.calendar.roll_forward(opens)
    closes = month.first_day.replace(day=min(stated.closes_day, month.last_day.day))
    return opens, max(opens, closes)


def scopes_of(office: Office, month: Period) -> dict[str, list[str]]:
    """Expected dataset → the scopes of its parts that month, regions or parties; none where one file is the whole.

    What the month's catalogue no longer has is not there.
    """
    policy = office.policy.at(month)
    return {
        dataset: list(policy.parts_of(dataset, month.last_day))
        for dataset in policy.profile.due_in(month) if dataset in policy.contracts
    }  # fmt: skip


def provision_by_name(agreement: Agreement, name: str) -> Provision | None:
    """The dataset that a file name means among those that the party provides: by its words, else the only one.

    A word inside a longer one says nothing: 低保边缘 is not 低保.
    """
    said = {word for p in agreement.provides for word in p.words if word in name}
    said -= {word for word in said if any(word != other and word in other for other in said)}
    named = [p for p in agreement.provides if said.intersection(p.words)]
    if len(named) == 1:
        return named[0]
    return agreement.provides[0] if not named and len(agreement.provides) == 1 else None


def dataset_by_folder(agreement: Agreement, folder: str) -> str | None:
    """The dataset of that name among those that the party provides, its own before one that several parties give."""
    named = [p.dataset for p in agreement.provides if p.dataset.partition(".")[2] == folder]
    return min(named, key=lambda dataset: not dataset.startswith(f"{agreement.party}."), default=None)


def contact_by_id(agreement: Agreement, contact: str | None) -> Contact | None:
    """The contact of that id."""
    return next((c for c in agreement.contacts if c.id == contact), None)
