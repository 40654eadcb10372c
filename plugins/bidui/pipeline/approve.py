"""Approving a delivery before it leaves (SQ-06, SQ-13): a decision by somebody who holds the role, kept for good."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import text

from bidui.pipeline.office import Office
from bidui.store import ledger, tables
from bidui.store.database import Role


class NotAllowed(ValueError):  # noqa: N818 - what it is
    """The decision is not this person's to take, or is already taken; the text says why, in Chinese."""


_MADE_ANEW = text("""
    SELECT EXISTS (SELECT FROM out.delivery d JOIN out.delivery n
        ON (n.hub, n.recipe, n.recipient, n.period) = (d.hub, d.recipe, d.recipient, d.period)
        AND n.recorded_as_of > d.recorded_as_of WHERE d.delivery_id = :id)
""")


def approve(
    office: Office, delivery_id: str, by: str, as_of: datetime, decision: Literal["approved", "rejected"] = "approved"
) -> str:
    """Record the decision of contact ``by`` on a delivery; returns the role in which it was taken."""
    with office.database.begin(Role.DELIVER) as connection:
        ledger.lock(connection, "approval", delivery_id)
        delivery = connection.execute(
            text("SELECT * FROM out.delivery WHERE delivery_id = :id"), {"id": delivery_id}
        ).first()
        if delivery is None:
            raise NotAllowed("没有这份待审文件，请核对编号")
        if connection.execute(_MADE_ANEW, {"id": delivery_id}).scalar():
            raise NotAllowed("该文件已有新一轮的版本，请审批新的一份")
        taken = connection.execute(
            text("SELECT role, decision FROM out.approval WHERE delivery_id = :id"), {"id": delivery_id}
        ).all()
        if any(row.decision == "rejected" for row in taken):
            raise NotAllowed("该文件已退回，不能再审批")
        open_roles = [role for role in delivery.approvals if role not in {row.role for row in taken}]
        if not open_roles:
            raise NotAllowed("该文件无须审批或者已经审批完毕")
        role = open_roles[0]
        if by not in office.policy.profile.approvers.get(role, ()):
            raise NotAllowed(f"{by} 不是 {role} 环节的审批人")
        ledger.record(connection, tables.approval, {
            "delivery_id": delivery_id, "role": role, "decision": decision, "decided_by": by,
            "recorded_as_of": as_of})  # fmt: skip
        return role


def waiting(office: Office) -> list[tuple[str, str, str, str]]:
    """(delivery id, title, period, role) of every delivery that waits for a decision and was not made anew since."""
    with office.database.begin(Role.DELIVER) as connection:
        rows = connection.execute(text("""
            SELECT d.delivery_id, d.recipe, d.period, d.approvals,
                   (SELECT array_agg(a.role) FROM out.approval a WHERE a.delivery_id = d.delivery_id) AS decided,
                   EXISTS (SELECT FROM out.approval a
                           WHERE a.delivery_id = d.delivery_id AND a.decision = 'rejected') AS rejected
            FROM out.delivery d
            WHERE d.hub = :hub AND cardinality(d.approvals) > 0 AND NOT EXISTS (
                SELECT FROM out.delivery n WHERE n.recorded_as_of > d.recorded_as_of
                  AND (n.hub, n.recipe, n.recipient, n.period) = (d.hub, d.recipe, d.recipient, d.period))
            ORDER BY d.recorded_as_of, d.delivery_id
        """), {"hub": office.policy.hub}).all()  # fmt: skip
    found = []
    for row in rows:
        left = [role for role in row.approvals if role not in (row.decided or [])]
        if left and not row.rejected:
            recipe = office.policy.recipes.get(row.recipe)
            found.append((row.delivery_id, recipe.title if recipe else row.recipe, row.period, left[0]))
    return found
