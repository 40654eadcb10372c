"""From an arrived package to its content: who sent it, whether the agreement lets it in, and the envelope opened.

The order matters: agreement, then form, then signature and register of contacts, and only then is anything decrypted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.issues import Refusal
from bidui.domain.period import Period
from bidui.pipeline.arrive import contact_by_id
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement, Contact, Provision, Sealing
from bidui.sealing import authority, machine, opening, passwords
from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.recognise import Kind

_SEALINGS: Mapping[Kind, Sealing] = {
    Kind.MACHINE: "machine", Kind.XLSX_PASSWORD: "password_workbook", Kind.XLS_PASSWORD: "password_workbook",
    Kind.ZIP_AES: "aes_zip", Kind.XLSX: "plain", Kind.XLS: "plain", Kind.TEXT: "plain",
}  # fmt: skip
_NO_FORM: Mapping[Kind, str] = {
    Kind.ZIP: "not_sealed", Kind.ZIP_LEGACY: "unsupported_encryption", Kind.MARKUP: "markup_as_workbook",
}  # fmt: skip
"""Files that are recognised and yet not taken, with the code that says what to do instead."""

_OURS = {SealCode.REVOCATION_LIST_UNUSABLE, SealCode.KEY_UNUSABLE, SealCode.NOT_IN_VAULT, SealCode.OPENSSL_MISSING,
         SealCode.OPENSSL_TOO_OLD}  # fmt: skip
"""Faults of the hub's own set-up: the run fails and is tried again; the sender is not told that his file was wrong."""


@dataclass(frozen=True)
class Content:
    """What was in the envelope, and what the envelope itself stated."""

    data: bytes = field(repr=False)
    sealing: Sealing
    contact: Contact
    kind: str = "full"
    period: str | None = None
    data_date: date | None = None
    sequence: int | None = None
    """The sender's running number, of machine packages."""
    weak: bool = False
    """Protected in a way that is easily broken."""


_LATEST = text("""
    SELECT max(CAST(i.facts->>'sequence' AS bigint)) FROM core.intake i JOIN core.arrival a USING (arrival_id)
    WHERE a.party = :party AND a.dataset = :dataset AND i.submission_id IS NOT NULL AND a.arrived_at <= :as_of
""")
"""The highest running number of what was taken from a sender: an older package must not replace a newer one."""


def unseal(office: Office, connection: Connection, arrival: Any, data: bytes, as_of: datetime) -> Content:
    """Open the envelope of ``arrival``: a row of core.arrival with the form of its package.

    Raises:
        Refusal: with a closed code, when it may not come in.
        SealError: for a fault of the hub's own set-up.
    """
    agreement, provision = _allowed(office, arrival, as_of)
    kind = Kind(arrival.form)
    sealing = _SEALINGS.get(kind)
    if sealing is None:
        raise Refusal(_NO_FORM.get(kind, "unknown_format"))
    if sealing not in provision.sealing:
        raise Refusal("sealing_not_allowed", {"sealing": sealing, "allowed": list(provision.sealing)})
    try:
        if sealing == "machine":
            return _machine(office, connection, agreement, arrival, data, as_of)
        contact = _known_sender(agreement, arrival, office.today(as_of))
        if sealing == "plain":
            return Content(data, sealing, contact)
        opened = opening.open_(data, _passwords(office, arrival, contact))
        return Content(opened.data, sealing, contact, weak=opened.weak)
    except SealError as error:
        if error.code in _OURS:
            raise
        raise Refusal(error.code.value) from None


def _allowed(office: Office, arrival: Any, as_of: datetime) -> tuple[Agreement, Provision]:
    agreement = office.policy.agreements.get(arrival.party)
    if agreement is None or not agreement.in_force(office.today(as_of)):
        raise Refusal("no_agreement", {"party": arrival.party})
    provision = agreement.provision(arrival.dataset)
    if provision is None:
        raise Refusal("not_in_agreement", {"dataset": arrival.dataset})
    return agreement, provision


def _known_sender(agreement: Agreement, arrival: Any, today: date) -> Contact:
    contact = contact_by_id(agreement, arrival.contact)
    if contact is None or not contact.in_force(today):
        raise Refusal("sender_unknown")
    return contact


def _machine(
    office: Office, connection: Connection, agreement: Agreement, arrival: Any, data: bytes, as_of: datetime
) -> Content:
    verified = machine.verify(data, trust=authority.trust_file(office.keys), at=as_of)
    events = connection.execute(
        text(
            "SELECT event, contact FROM core.certificate"
            " WHERE fingerprint = :print AND party = :party AND recorded_as_of <= :as_of"
        ),
        {"print": verified.signer_fingerprint, "party": agreement.party, "as_of": as_of},
    ).all()
    contact = contact_by_id(agreement, events[0].contact) if events else None
    if contact is None or not contact.in_force(office.today(as_of)) or any(e.event == "revoked" for e in events):
        raise Refusal("signer_unknown")
    manifest = verified.manifest
    if manifest.recipient != office.policy.hub or manifest.sender != agreement.party:
        raise Refusal("addressed_to_another", {"recipient": manifest.recipient})
    if manifest.dataset != arrival.dataset:
        raise Refusal("not_in_agreement", {"dataset": manifest.dataset})
    latest = connection.execute(
        _LATEST, {"party": agreement.party, "dataset": arrival.dataset, "as_of": as_of}
    ).scalar()
    if latest is not None and manifest.seq <= latest:
        raise Refusal("replayed", {"stated": manifest.seq})
    if manifest.period != arrival.period:
        raise Refusal("period_contradicts", {"stated": arrival.period, "inside": manifest.period})
    plain = machine.decrypt(verified, identities=authority.identities(office.keys))
    return Content(plain, "machine", contact, manifest.kind, manifest.period, manifest.data_date, manifest.seq)


def _passwords(office: Office, arrival: Any, contact: Contact) -> list[str]:
    """The passwords that may fit: of the period named, and of its neighbours, since people reuse last month's."""
    period = Period.parse(arrival.period)
    return [password(office, arrival.party, contact.region, str(period.shift(step))) for step in (0, -1, 1)]


def password(office: Office, party: str, region: str | None, period: str) -> str:
    """The password that the hub and a party (or one region's office) share for one period; told by another road."""
    return passwords.derive(authority.master_secret(office.keys), party, region or party, period)
