"""Sending what is prepared and approved: sealed at the last moment, recorded after the server has taken it.

A crash between the two sends the mail again with the same Message-ID; the receiver sees one mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from bidui.delivery import mail
from bidui.pipeline import registered
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY, content_hash
from bidui.pipeline.recipients import ASKER, Recipient
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Contact
from bidui.sealing import workbook
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached

_MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_PATIENCE = 30
"""Seconds to wait for the mail server."""


class NotAsApproved(RuntimeError):  # noqa: N818 - what it is
    """What lies ready is not what was approved; it does not leave."""


@dataclass(frozen=True)
class Sent:
    """What became of one delivery's mails."""

    delivery_id: str
    accepted: int
    failed: int
    awaiting: tuple[str, ...] = ()
    """Approval roles that are still to decide."""


def send(office: Office, delivery_id: str, as_of: datetime) -> Sent:
    """Send the mails of a delivery that no server has taken yet; nothing leaves before every approval is there.

    Raises NotAsApproved when what is ready differs from what was approved.
    """
    with office.database.begin(Role.DELIVER) as connection:
        delivery = connection.execute(
            text("SELECT * FROM out.delivery WHERE delivery_id = :id"), {"id": delivery_id}
        ).one()
        decided = connection.execute(
            text("SELECT * FROM out.approval WHERE delivery_id = :id"), {"id": delivery_id}
        ).all()
        if any(row.decision == "rejected" for row in decided):
            return Sent(delivery_id, 0, 0)
        approved = {row.role for row in decided if row.decision == "approved"}
        if waiting := tuple(role for role in delivery.approvals if role not in approved):
            return Sent(delivery_id, 0, 0, waiting)
        if {row.content_hash for row in decided} - {content_hash(connection, delivery_id)}:
            raise NotAsApproved(f"delivery {delivery.delivery_no}: 待发文件与批准时不一致，不予发出")
        messages = connection.execute(text("""
            SELECT m.*, (SELECT count(*) FROM out.sending s WHERE s.message_id = m.message_id) AS attempts
            FROM out.message m
            WHERE m.delivery_id = :id AND NOT EXISTS (
                SELECT FROM out.sending s
                WHERE s.message_id = m.message_id AND s.outcome IN ('accepted', 'permanent'))
            ORDER BY m.message_id
        """), {"id": delivery_id}).all()  # fmt: skip
        to = Recipient.of(delivery.recipient)
        asker = registered.find(connection, office.policy, to.contact or "").contact if to.party == ASKER else None
        documents = connection.execute(
            text("SELECT * FROM out.document WHERE delivery_id = :id ORDER BY name"), {"id": delivery_id}
        ).all()
    accepted = failed = 0
    dated = max([delivery.recorded_as_of, *(row.recorded_as_of for row in decided)])
    for message in messages:
        outcome = _send_one(office, delivery, message, documents, asker, dated)
        reached("mail.taken")
        with office.database.begin(Role.DELIVER) as connection:
            ledger.record_new(connection, tables.sending, {
                "message_id": message.message_id, "attempt": message.attempts + 1, "outcome": outcome.status,
                "smtp_code": outcome.code, "recorded_as_of": as_of})  # fmt: skip
        reached("mail.recorded")
        accepted, failed = accepted + (outcome.status == "accepted"), failed + (outcome.status != "accepted")
    return Sent(delivery_id, accepted, failed)


def _send_one(
    office: Office, delivery: Any, message: Any, documents: Sequence[Any], asker: Contact | None, dated: datetime
) -> mail.SendOutcome:
    """``asker``: whom it goes to when it is about a need, and no agreement names its contact.

    ``dated``: when it could first leave, made and approved by everybody; the same however often it is tried.
    """
    desk = office.policy.profile.desk
    known = (c for a in office.policy.agreements.values() for c in a.contacts)
    contact = asker or next(c for c in known if c.id == message.contact)
    body = next(d for d in documents if d.name == MAIL_BODY)
    composed = mail.compose(
        message_id=message.message_id, sender=desk.email, recipients=[contact.email], subject=message.subject,
        markdown=office.vault.get(body.content_hash).decode(), date=dated,
        attachments=[_attachment(office, delivery, d) for d in documents if d.name != MAIL_BODY],
        headers={"X-Bidui-Delivery": delivery.delivery_no},
    )  # fmt: skip
    host, _, port = office.mail_server.partition(":")
    reached("mail.before")
    return mail.send(composed, host, int(port), timeout=_PATIENCE)


def _attachment(office: Office, delivery: Any, document: Any) -> mail.Attachment:
    data = office.vault.get(document.content_hash)
    if document.sealing == "password":
        to = Recipient.of(delivery.recipient)
        scope = to.contact if to.party == ASKER else to.region
        data = workbook.seal(data, password(office, to.party, scope, delivery.period))
    return mail.Attachment(document.name, _MIME[document.name.rpartition(".")[2]], data)
