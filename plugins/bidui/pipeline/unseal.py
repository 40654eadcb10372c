"""From an arrived package to its content: who sent it, whether the agreement lets it in, and the envelope opened.

The order matters: agreement, then form, then signature and register of contacts, and only then is anything decrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.issues import Refusal
from bidui.domain.period import Period
from bidui.pipeline.arrive import contact_by_id
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement, Contact, Provision, Sealing
from bidui.sealing import aeszip, authority, machine, passwords, workbook
from bidui.sealing.errors import SealError
from bidui.sealing.recognise import Kind, recognise

_SEALINGS: Mapping[Kind, Sealing] = {
    Kind.MACHINE: "machine", Kind.XLSX_PASSWORD: "password_workbook", Kind.XLS_PASSWORD: "password_workbook",
    Kind.ZIP_AES: "aes_zip", Kind.XLSX: "plain", Kind.XLS: "plain", Kind.TEXT: "plain",
}  # fmt: skip


@dataclass(frozen=True)
class Content:
    """What was in the envelope, and what the envelope itself stated."""

    data: bytes
    sealing: Sealing
    contact: Contact
    kind: str = "full"
    period: str | None = None
    data_date: date | None = None


def unseal(office: Office, connection: Connection, arrival: Any, data: bytes, as_of: datetime) -> Content:
    """Open the envelope of ``arrival`` (a row of core.arrival); Refusal with a closed code when it may not come in."""
    agreement, provision = _allowed(office, arrival, as_of)
    kind = recognise(data)
    sealing = _SEALINGS.get(kind)
    if sealing is None:
        raise Refusal("unknown_format")
    if sealing not in provision.sealing:
        raise Refusal("sealing_not_allowed", {"sealing": sealing, "allowed": list(provision.sealing)})
    try:
        if sealing == "machine":
            return _machine(office, connection, agreement, arrival, data, as_of)
        contact = _known_sender(agreement, arrival, as_of)
        if sealing == "plain":
            return Content(data, sealing, contact)
        words = _passwords(office, arrival, contact)
        if sealing == "password_workbook":
            return Content(workbook.open_(data, words), sealing, contact)
        return Content(_only_member(data, words), sealing, contact)
    except SealError as error:
        raise Refusal(error.code.value) from None


def _allowed(office: Office, arrival: Any, as_of: datetime) -> tuple[Agreement, Provision]:
    agreement = office.policy.agreements.get(arrival.party)
    day = as_of.astimezone(office.zone).date()
    if agreement is None or not agreement.in_force(day):
        raise Refusal("no_agreement", {"party": arrival.party})
    provision = agreement.provision(arrival.dataset)
    if provision is None:
        raise Refusal("not_in_agreement", {"dataset": arrival.dataset})
    return agreement, provision


def _known_sender(agreement: Agreement, arrival: Any, as_of: datetime) -> Contact:
    contact = contact_by_id(agreement, arrival.contact)
    if contact is None or not contact.in_force(as_of.date()):
        raise Refusal("sender_unknown")
    return contact


def _machine(
    office: Office, connection: Connection, agreement: Agreement, arrival: Any, data: bytes, as_of: datetime
) -> Content:
    verified = machine.verify(data, trust=authority.trust_file(office.keys), at=as_of)
    events = connection.execute(
        text("SELECT event, contact FROM core.certificate WHERE fingerprint = :print AND party = :party AND recorded_as_of <= :as_of"),
        {"print": verified.signer_fingerprint, "party": agreement.party, "as_of": as_of},
    ).all()
    contact = contact_by_id(agreement, events[0].contact) if events else None
    if contact is None or not contact.in_force(as_of.date()) or any(e.event == "revoked" for e in events):
        raise Refusal("signer_unknown")
    manifest = verified.manifest
    if manifest.recipient != office.policy.hub or manifest.sender != agreement.party:
        raise Refusal("addressed_to_another", {"recipient": manifest.recipient})
    if manifest.dataset != arrival.dataset:
        raise Refusal("not_in_agreement", {"dataset": manifest.dataset})
    plain = machine.decrypt(verified, identities=authority.identities(office.keys))
    return Content(plain, "machine", contact, manifest.kind, manifest.period, manifest.data_date)


def _passwords(office: Office, arrival: Any, contact: Contact) -> list[str]:
    """The passwords that may fit: of the period named, and of its neighbours, since people reuse last month's."""
    period = Period.parse(arrival.period)
    return [password(office, arrival.party, contact.region, str(period.shift(step))) for step in (0, -1, 1)]


def password(office: Office, party: str, region: str | None, period: str) -> str:
    """The password that the hub and a party (or one region's office) share for one period; told by another road."""
    return passwords.derive(authority.master_secret(office.keys), party, region or party, period)


def _only_member(data: bytes, words: list[str]) -> bytes:
    members = aeszip.open_(data, words)
    if len(members) != 1:
        raise Refusal("zip_members", {"members": len(members)})
    return members[0].data
