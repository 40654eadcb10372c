"""The list of contacts: out as the notice's annex, in from the parties, and into ``contacts/<profile>.csv`` (ZM-09).

What a party hands in changes nothing by itself: somebody at the centre compares it with who is on record, and takes it.
Whoever is new and whoever leaves are on record together for a while, so that a change breaks no month (ES-07).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, text

from bidui.delivery import workbook
from bidui.delivery.filling import fill_workbook
from bidui.delivery.template import load_workbook
from bidui.domain.period import Period
from bidui.domain.words import fold
from bidui.identity import reading
from bidui.pipeline import forms
from bidui.pipeline.office import Office
from bidui.pipeline.recipients import Recipient, named
from bidui.policy import contacts, physical
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.sealing import durable
from bidui.store.database import Role

TEMPLATE = "contact_annex"
_PARTICULARS = ("post", "leader", "office", "phone", "remark")
"""What may change of a contact who stays; another name or address is another contact."""
_SHOWN = 16
"""Characters of a certificate's fingerprint."""

Kind = Literal["new", "changed", "gone", "unclear"]


@dataclass(frozen=True)
class Change:
    """What a list says otherwise than the record."""

    kind: Kind
    party: str
    contact: Contact = field(repr=False)
    """As it is to stand."""
    reason: str = ""
    """Why somebody has to look at it first, in Chinese; such a change is never written."""


# --- out -----------------------------------------------------------------------------------------------------------
def export(office: Office, as_of: datetime) -> bytes:
    """Everybody on record, in the table of the notice's annex, with certificates and since when they are on record."""
    policy, day = office.policy, office.today(as_of)
    with office.database.begin(Role.DELIVER) as connection:
        certificates = connection.execute(_CERTIFICATES, {"as_of": as_of}).all()
    held = [(made, contact) for made in policy.agreements.values() for contact in made.contacts]
    rows = [
        line for made, contact in held
        for line in _lines(office, made, contact, [c for c in certificates if c.contact == contact.id], day)
    ]  # fmt: skip
    template = load_workbook(policy.include / "templates" / f"{TEMPLATE}.yaml")
    values = {"hub": policy.profile.title, "day": day, "contacts": sum(c.in_force(day) for _, c in held)}
    return workbook.write(fill_workbook(template, values, {"contacts": rows}, {}).sheets, made_at=as_of)


_CERTIFICATES = text("""
    SELECT contact, fingerprint, min(recorded_as_of) AS registered, max(recorded_as_of) FILTER (WHERE event = 'revoked')
        AS revoked
    FROM core.certificate WHERE recorded_as_of <= :as_of GROUP BY 1, 2 ORDER BY 3
""")


def _lines(
    office: Office, made: Agreement, contact: Contact, certificates: list[Any], day: date
) -> Iterator[dict[str, Any]]:
    """A line for each certificate of a contact; one for a contact without."""
    told = contact.model_dump(include={"name", "email", "valid_from", "valid_to", *_PARTICULARS})
    unit = named(office.policy, Recipient(made.party, contact.region), day)
    for held in certificates or [None]:
        yield {
            **told, "unit": unit, "certificate": held.fingerprint[:_SHOWN] if held else "",
            "registered_on": office.today(held.registered) if held else None,
            "revoked_on": office.today(held.revoked) if held and held.revoked else None,
        }  # fmt: skip


def blank(policy: PolicySet, party: str, day: date) -> bytes | None:
    """The blank list of one party, as it is mailed with the call for it; None where it gives no such list."""
    made = forms.forms(policy, party, policy.name_of(party), Period.month_of(day), forms.CONTACTS)
    return next((data for name, data in made.items() if name.endswith(".xlsx")), None)


# --- in ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _List:
    """The newest list of a party, and the day it came."""

    made: Agreement
    came: date
    rows: list[dict[str, str]] = field(repr=False)


def compare(office: Office, as_of: datetime) -> list[Change]:
    """What the newest list of each party says otherwise than the record, in order of party.

    What was put on record since the list came in stands: nobody is gone for having come later, nobody is new again for
    having been ended since. A list of whoever was succeeded says nothing any more.
    """
    policy, lists = office.policy, list[_List]()
    with office.database.begin(Role.DELIVER) as connection:
        for dataset in policy.in_role(forms.CONTACTS):
            contract = policy.contracts[dataset]
            for came in connection.execute(_LISTS, {"hub": policy.hub, "dataset": dataset, "as_of": as_of}).all():
                made = policy.agreements.get(came.scope)
                if made and policy.party_on(made.party, office.today(as_of)) == made.party:
                    listed = _listed(connection, contract, came.submission_id)
                    lists.append(_List(made, office.today(came.recorded_as_of), listed))
    found = [change for one in lists for change in _changes(office, one, lists, office.today(as_of))]
    return sorted(found, key=lambda change: change.party)


_LISTS = text("""
    SELECT DISTINCT ON (scope) scope, submission_id, recorded_as_of FROM core.submission
    WHERE hub = :hub AND dataset = :dataset AND kind <> 'nil' AND recorded_as_of <= :as_of
    ORDER BY scope, recorded_as_of DESC
""")


def _listed(connection: Connection, contract: Contract, submission: int) -> list[dict[str, str]]:
    """The rows of a list as text, by the names of the contract's columns."""
    rows = connection.execute(
        text(f'SELECT * FROM data."{contract.table}" WHERE submission_id = :id ORDER BY row_no'),  # noqa: S608 - ours
        {"id": submission},
    ).mappings().all()  # fmt: skip
    places = {column.name: (physical.settles_in(column), column.identifier) for column in contract.columns}
    tokens = {row[place] for row in rows for place, kind in places.values() if kind and row[place] is not None}
    texts = reading.names_of_terms(connection, tokens)
    return [
        {name: str((texts[row[place]] if kind else row[place]) if row[place] is not None else "")
         for name, (place, kind) in places.items()}
        for row in rows
    ]  # fmt: skip


def _changes(office: Office, one: _List, lists: list[_List], today: date) -> Iterator[Change]:
    made, came = one.made, one.came
    ours = [c for c in made.contacts if c.region is None and (c.valid_to is None or c.valid_to >= came)]
    known = {_key(c.name, c.email): c for c in ours}
    for row in one.rows:
        said = {name: row.get(name, "") for name in ("name", "email", *_PARTICULARS)}
        held = known.get(_key(said["name"], said["email"]))
        if held is None:
            contact = Contact.model_validate({"id": "", "valid_from": today, **said})
            reason = _unfit(office.policy, made.party, said["email"], lists)
            yield Change("unclear" if reason else "new", made.party, contact, reason)
        elif held.valid_to is not None and held.valid_from <= came:
            yield Change("unclear", made.party, held, f"名单上有，但登记至 {held.valid_to} 止")
        elif any(fold(said[name]) != fold(getattr(held, name)) for name in _PARTICULARS) and held.valid_from <= came:
            yield Change("changed", made.party, held.model_copy(update={n: said[n] for n in _PARTICULARS}))
    still = {_key(row["name"], row["email"]) for row in one.rows}
    ends = today + office.policy.days("contact_overlap_days", today)
    for key, held in known.items():
        if key not in still and held.valid_to is None and held.valid_from <= came:
            yield Change("gone", made.party, held.model_copy(update={"valid_to": ends}))


def _key(name: str, address: str) -> tuple[str, str]:
    return fold(name), address.strip().lower()


def _unfit(policy: PolicySet, party: str, address: str, lists: list[_List]) -> str:
    """Why nobody can be put on record under a mail address; empty when it will do."""
    if not contacts.is_address(address):
        return "电子邮箱写法不对"
    wanted = address.lower()
    others = (c for made in policy.agreements.values() if made.party != party for c in made.contacts)
    if wanted in {c.email.lower() for c in others}:
        return "电子邮箱是另一个单位联系人的"
    listing = [one.made for one in lists if wanted in {row["email"].lower() for row in one.rows}]
    also = "、".join(policy.name_of(made.party) for made in listing if made.party != party)
    return f"{also}报来的名单上也有这个电子邮箱" if also else ""


def take(office: Office, changes: list[Change]) -> None:
    """Write the changes that are clear into the hub's file of contacts; no line is ever taken out of it."""
    hub, clear = office.policy.hub, [(c.party, c.contact) for c in changes if c.kind != "unclear"]
    written = contacts.amended(office.include, hub, clear)
    durable.write(office.include / contacts.file_of(hub), written.encode())
