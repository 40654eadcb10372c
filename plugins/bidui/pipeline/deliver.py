"""Delivering: every recipe that a moment calls for, to every recipient that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from bidui.pipeline.office import Office
from bidui.pipeline.prepare import Prepared, Subject, prepare
from bidui.pipeline.recipients import Recipient, recipients
from bidui.pipeline.send import Sent, send
from bidui.policy.recipe import Moment, Recipe
from bidui.store.database import Role


@dataclass(frozen=True)
class Errand:
    """One delivery that is to be prepared."""

    recipe: str
    recipient: str
    subject: Subject


def reply(office: Office, arrival_id: str, as_of: datetime) -> list[Sent]:
    """Answer the sender of a package: receipt or refusal, with the issue workbook if there is one."""
    with office.database.begin(Role.DELIVER) as connection:
        row = connection.execute(
            text("SELECT i.outcome, coalesce(i.period, a.period) AS period"
                 " FROM core.intake i JOIN core.arrival a USING (arrival_id) WHERE arrival_id = :id"),
            {"id": arrival_id}).one()  # fmt: skip
        subject = Subject(row.period, arrival_id, arrival=arrival_id)
        errands = _errands(office, connection, "arrival", subject, as_of, row.outcome)
    return [sent for errand in errands if (sent := run(office, errand, as_of))]


def errands_of_close(office: Office, period: str, as_of: datetime) -> list[Errand]:
    """What the latest round of a period is to send out."""
    with office.database.begin(Role.DELIVER) as connection:
        number = connection.execute(
            text("SELECT max(round) FROM core.closing WHERE hub = :hub AND period = :period"),
            {"hub": office.policy.hub, "period": period},
        ).scalar()
        if number is None:
            return []
        return _errands(office, connection, "close", Subject(period, f"round-{number}", round=number), as_of)


def errands_of_day(office: Office, period: str, as_of: datetime) -> list[Errand]:
    """What the daily follow-up sends out."""
    day = office.today(as_of).isoformat()
    with office.database.begin(Role.DELIVER) as connection:
        return _errands(office, connection, "daily", Subject(period, day), as_of)


def run(office: Office, errand: Errand, as_of: datetime) -> Sent | None:
    """Prepare one delivery and send it, as far as its approvals let it; None when there is nothing to deliver."""
    made = prepared(office, errand, as_of)
    return send(office, made.delivery_id, as_of) if made else None


def prepared(office: Office, errand: Errand, as_of: datetime) -> Prepared | None:
    """Prepare one delivery."""
    return prepare(office, errand.recipe, Recipient.of(errand.recipient), errand.subject, as_of)


def unsent(office: Office) -> list[str]:
    """Deliveries that may yet leave and have a mail that no server has taken for good, oldest first.

    What waits for approval when a later round has made it anew does not leave any more.
    """
    with office.database.begin(Role.DELIVER) as connection:
        return list(connection.execute(text("""
            SELECT d.delivery_id FROM out.delivery d JOIN out.message m USING (delivery_id)
            WHERE d.hub = :hub
              AND NOT EXISTS (
                SELECT FROM out.delivery n WHERE cardinality(d.approvals) > 0 AND n.recorded_as_of > d.recorded_as_of
                  AND (n.hub, n.recipe, n.recipient, n.period) = (d.hub, d.recipe, d.recipient, d.period))
              AND NOT EXISTS (
                SELECT FROM out.approval a WHERE a.delivery_id = d.delivery_id AND a.decision = 'rejected')
              AND NOT EXISTS (
                SELECT FROM out.sending s WHERE s.message_id = m.message_id AND s.outcome <> 'temporary')
            GROUP BY d.delivery_id, d.recorded_as_of ORDER BY d.recorded_as_of, d.delivery_id
        """), {"hub": office.policy.hub}).scalars())  # fmt: skip


def unaddressed(office: Office) -> int:
    """Deliveries whose recipient had no contact in force: nobody got them, and somebody has to see it."""
    with office.database.begin(Role.DELIVER) as connection:
        return connection.execute(text("""
            SELECT count(*) FROM out.delivery d WHERE d.hub = :hub
              AND NOT EXISTS (SELECT FROM out.message m WHERE m.delivery_id = d.delivery_id)
        """), {"hub": office.policy.hub}).scalar_one()  # fmt: skip


def _errands(
    office: Office, connection: object, moment: Moment, subject: Subject, as_of: datetime, outcome: str | None = None
) -> list[Errand]:
    day = office.today(as_of)
    called: list[Recipe] = [
        r for r in office.policy.recipes.values() if r.when == moment and (not r.only_if or outcome in r.only_if)
    ]
    return [
        Errand(recipe.id, recipient.key, subject) for recipe in called
        for recipient in recipients(office, connection, recipe, subject.period, subject.arrival, day)  # type: ignore[arg-type]
    ]  # fmt: skip
