"""Approving a delivery before it leaves (SQ-06, SQ-13): asked role by role, decided by who holds it, kept for good.

The roles of a recipe are asked one after another. A rejection ends that version; a later round, too, makes it void.
What is recorded is the hash of all that would leave, and `send` compares it once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, text

from bidui.delivery.mail import looks_personal
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MADE_ANEW, MAIL_BODY, Subject, content_hash, prepare
from bidui.pipeline.recipients import holders
from bidui.pipeline.send import send
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached

Decision = Literal["approved", "rejected"]
Road = Literal["airflow", "command"]


class NotAllowed(ValueError):  # noqa: N818 - what it is
    """The decision is not this person's to take, or is already taken; the text says why, in Chinese."""


class Superseded(NotAllowed):
    """Nobody needs to decide any more: a later round has made the delivery anew."""


@dataclass(frozen=True)
class Question:
    """One approval that is asked for. No personal data: it stands in mails and in Airflow's tables."""

    delivery_id: str
    role: str
    approvers: tuple[str, ...]
    """Contacts who may decide, by id; their logins bear the same name."""
    subject: str
    body: str
    """Markdown: what it is, for whom, its counts and hash, and the text of its mail."""


@dataclass(frozen=True)
class _Standing:
    """How far a delivery has come on its way out."""

    delivery: Any
    decided: Mapping[str, Any]
    """Role → its approval."""

    def role(self, step: int | None) -> str | None:
        """The role of a step (from 1), or the one whose turn it is; None when there is no such step."""
        roles = list(self.delivery.approvals)
        if step is not None:
            return roles[step - 1] if step <= len(roles) else None
        return next((role for role in roles if role not in self.decided), None)


def approve(
    office: Office,
    delivery_id: str,
    by: str,
    as_of: datetime,
    decision: Decision = "approved",
    *,
    step: int | None = None,
    road: Road = "command",
    remark: str = "",
) -> str:
    """Record the decision of contact ``by`` on a delivery; returns the role in which it was taken.

    ``step``: the role's place in the recipe, from 1; the one whose turn it is by default. A step that is approved
    already stays as it is. Raises NotAllowed, and Superseded when a later round has made the delivery anew.
    """
    if looks_personal(remark):
        raise NotAllowed("意见中有像证件号码或电话号码的内容，请改写后重新审批")
    with office.database.begin(Role.DELIVER) as connection:
        ledger.lock(connection, "approval", delivery_id)
        standing = _standing(connection, delivery_id)
        role, turn = standing.role(step), standing.role(None)
        if role is None:
            raise NotAllowed("该文件无须审批或者已经审批完毕")
        title = _title(office, role, as_of)
        if by not in holders(office, role, office.today(as_of)):
            raise NotAllowed(f"{by} 不是“{title}”环节的审批人")
        if role in standing.decided:
            if decision == "rejected":
                raise NotAllowed(f"“{title}”环节已经同意，不能再退回")
            return role
        if role != turn:
            raise NotAllowed(f"尚未轮到“{title}”环节")
        if (ready := content_hash(connection, delivery_id)) != standing.delivery.rows_digest:
            raise NotAllowed("文件与备好时不一致，不能审批；请重新备文")
        ledger.record(connection, tables.approval, {
            "delivery_id": delivery_id, "role": role, "decision": decision, "decided_by": by, "content_hash": ready,
            "road": road, "remark": remark.strip() or None, "recorded_as_of": as_of})  # fmt: skip
    reached("approve.recorded")
    return role


def ask(office: Office, delivery_id: str, as_of: datetime, *, step: int | None = None) -> Question | None:
    """Send the documents to whoever decides next, once, and give the question; None when nothing is to be asked.

    Raises NotAllowed when it cannot be asked, and Superseded when it need not be any more.
    """
    with office.database.begin(Role.DELIVER) as connection:
        standing = _standing(connection, delivery_id)
    role = standing.role(step)
    if role is None or role in standing.decided:
        return None
    asked_of = holders(office, role, office.today(as_of))
    if not asked_of:
        raise NotAllowed(f"“{_title(office, role, as_of)}”环节目前没有在册的审批人，请先在制度数据中指定")
    period, moment = standing.delivery.period, max(as_of, standing.delivery.recorded_as_of)
    subject = Subject(period, f"{delivery_id}/{role}", about=delivery_id, role=role)
    recipe = next(r.id for r in office.policy.recipes.values() if r.when == "approval")
    asked = [prepare(office, recipe, recipient, subject, moment) for recipient in asked_of.values()]
    requests = [made.delivery_id for made in asked if made]
    for request in requests:
        send(office, request, moment)
    return Question(delivery_id, role, tuple(asked_of), *_text_of(office, requests[0]))


def waiting(office: Office) -> list[tuple[str, str, str, str]]:
    """(delivery id, title, period, role) of every delivery that waits for a decision and was not made anew since."""
    with office.database.begin(Role.DELIVER) as connection:
        rows = connection.execute(text(f"""
            SELECT d.delivery_id, d.recipe, d.period, d.approvals,
                   (SELECT array_agg(a.role) FROM out.approval a WHERE a.delivery_id = d.delivery_id) AS decided,
                   EXISTS (SELECT FROM out.approval a
                           WHERE a.delivery_id = d.delivery_id AND a.decision = 'rejected') AS rejected
            FROM out.delivery d
            WHERE d.hub = :hub AND cardinality(d.approvals) > 0 AND NOT {MADE_ANEW}
            ORDER BY d.recorded_as_of, d.delivery_id
        """), {"hub": office.policy.hub}).all()  # noqa: S608 - our own condition  # fmt: skip
    found = []
    for row in rows:
        left = [role for role in row.approvals if role not in (row.decided or [])]
        if left and not row.rejected:
            recipe = office.policy.recipes.get(row.recipe)
            found.append((row.delivery_id, recipe.title if recipe else row.recipe, row.period, left[0]))
    return found


_DELIVERY = text(
    f"SELECT d.*, {MADE_ANEW} AS made_anew FROM out.delivery d WHERE d.delivery_id = :id"  # noqa: S608 - our own condition
)


def _standing(connection: Connection, delivery_id: str) -> _Standing:
    """How far a delivery has come; NotAllowed when nothing can be decided on it any more."""
    asked = {"id": delivery_id}
    delivery = connection.execute(_DELIVERY, asked).first()
    if delivery is None:
        raise NotAllowed("没有这份待审文件，请核对编号")
    decided = connection.execute(text("SELECT * FROM out.approval WHERE delivery_id = :id"), asked).all()
    if any(row.decision == "rejected" for row in decided):
        raise NotAllowed("该文件已退回，不能再审批；修改后重新备文，另行送审")
    if delivery.made_anew:
        raise Superseded("该文件已有新一轮的版本，请审批新的一份")
    return _Standing(delivery, {row.role: row for row in decided})


def _title(office: Office, role: str, as_of: datetime) -> str:
    return office.policy.codes["approval_role"].label_of(role, office.today(as_of))


def _text_of(office: Office, request: str) -> tuple[str, str]:
    """Subject and text of a request that was sent."""
    with office.database.begin(Role.DELIVER) as connection:
        row = connection.execute(text("""
            SELECT m.subject, t.content_hash FROM out.message m JOIN out.document t USING (delivery_id)
            WHERE m.delivery_id = :id AND t.name = :body
        """), {"id": request, "body": MAIL_BODY}).one()  # fmt: skip
    return row.subject, office.vault.get(row.content_hash).decode()
