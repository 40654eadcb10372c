"""From an arrived package to its content: who sent it, whether the agreement lets it in, and the envelope opened.

The order matters: agreement, road and form, then signature and register of contacts, what the agreement lets the party
do (docs/adr/0019), and only then is anything decrypted.
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
    agreement: Agreement
    provision: Provision
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
    WHERE a.party = ANY(:parties) AND a.dataset = :dataset AND i.submission_id IS NOT NULL AND a.arrived_at <= :as_of
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
            return _machine(office, connection, agreement, provision, arrival, data, as_of)
        known = contact_by_id(agreement, arrival.contact)
        contact = _acting(known, office.today(as_of), "sender_unknown", "sender_expired")
        _may_enter(agreement)
        if sealing == "plain":
            return Content(data, sealing, agreement, provision, contact)
        opened = opening.open_(data, _passwords(office, arrival, contact))
        return Content(opened.data, sealing, agreement, provision, contact, weak=opened.weak)
    except SealError as error:
        if error.code in _OURS:
            raise
        raise Refusal(error.code.value) from None


def _allowed(office: Office, arrival: Any, as_of: datetime) -> tuple[Agreement, Provision]:
    agreement = office.policy.agreements.get(arrival.party)
    if agreement is None:
        raise Refusal("no_agreement", {"party": arrival.party})
    _in_force(agreement, office.today(as_of), "agreement_lapsed")
    provision = agreement.provision(arrival.dataset)
    if provision is None:
        raise Refusal("not_in_agreement", {"dataset": arrival.dataset})
    if arrival.channel not in agreement.channels:
        raise Refusal("channel_outside", {"channel": arrival.channel, "allowed": list(agreement.channels)})
    return agreement, provision


def _acting(contact: Contact | None, today: date, unknown: str, expired: str) -> Contact:
    """The contact, who has to be on record and in force; ``unknown`` and ``expired`` are what is said otherwise."""
    if contact is None:
        raise Refusal(unknown)
    _in_force(contact, today, expired)
    return contact


def _in_force(made: Agreement | Contact, today: date, otherwise: str) -> None:
    """Refused with the day on which it began to hold, or did so last."""
    if today < made.valid_from:
        raise Refusal(otherwise, {"first_day": made.valid_from.isoformat()})
    if made.valid_to and made.valid_to < today:
        raise Refusal(otherwise, {"last_day": made.valid_to.isoformat()})


def _may_enter(agreement: Agreement) -> None:
    """Only who may enter data sends any (SQ-09)."""
    if "entry" not in agreement.may:
        raise Refusal("mode_outside")


def _machine(
    office: Office, connection: Connection, agreement: Agreement, provision: Provision, arrival: Any, data: bytes,
    as_of: datetime,
) -> Content:  # fmt: skip
    verified = machine.verify(data, trust=authority.trust_file(office.keys), at=as_of)
    parties = office.policy.carried_by(agreement.party, office.today(as_of))
    events = connection.execute(
        text(
            "SELECT event, contact FROM core.certificate"
            " WHERE fingerprint = :print AND party = ANY(:parties) AND recorded_as_of <= :as_of"
        ),
        {"print": verified.signer_fingerprint, "parties": parties, "as_of": as_of},
    ).all()
    is_certified = bool(events) and all(event.event != "revoked" for event in events)
    known = contact_by_id(agreement, events[0].contact) if is_certified else None
    contact = _acting(known, office.today(as_of), "signer_unknown", "signer_expired")
    manifest = verified.manifest
    if manifest.kind != "amend":  # whoever has given data mends them (QA-08)
        _may_enter(agreement)
    if manifest.recipient != office.policy.hub or manifest.sender not in parties:
        raise Refusal("addressed_to_another", {"recipient": manifest.recipient})
    if manifest.dataset != arrival.dataset:
        raise Refusal("not_in_agreement", {"dataset": manifest.dataset})
    latest = connection.execute(_LATEST, {"parties": parties, "dataset": arrival.dataset, "as_of": as_of}).scalar()
    if latest is not None and manifest.seq <= latest:
        raise Refusal("replayed", {"stated": manifest.seq})
    if manifest.period != arrival.period:
        raise Refusal("period_contradicts", {"stated": arrival.period, "inside": manifest.period})
    plain = machine.decrypt(verified, identities=authority.identities(office.keys))
    return Content(plain, "machine", agreement, provision, contact, manifest.kind, manifest.period, manifest.data_date,
                   manifest.seq)  # fmt: skip


def _passwords(office: Office, arrival: Any, contact: Contact) -> list[str]:
    """The passwords that may fit: of the period named, and of its neighbours, since people reuse last month's.

    After a succession, those of the predecessors, too.
    """
    period = Period.parse(arrival.period)
    parties = office.policy.carried_by(arrival.party, office.today(arrival.arrived_at))
    return [password(office, p, contact.region, str(period.shift(step))) for p in parties for step in (0, -1, 1)]


def password(office: Office, party: str, region: str | None, period: str) -> str:
    """The password that the hub and a party (or one region's office) share for one period; told by another road."""
    return passwords.derive(authority.master_secret(office.keys), party, region or party, period)
