"""Delivering: every recipe that a moment calls for, to every recipient that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from bidui.domain.period import Period
from bidui.pipeline import withhold
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MADE_ANEW, Prepared, Subject, prepare
from bidui.pipeline.recipients import Recipient, recipients, refusal
from bidui.pipeline.send import Sent, send
from bidui.policy.recipe import Moment, Recipe
from bidui.store import ledger
from bidui.store.database import Role


class NotClosed(ValueError):  # noqa: N818 - what it is
    """A period has months that are not compared yet; the text names them, in Chinese."""


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


def errands(office: Office, moment: Moment, period: str, as_of: datetime) -> list[Errand]:
    """What a moment in the life of a period (its opening, its closing, a quarter's end) is to send out."""
    of = {"open": errands_of_open, "close": errands_of_close, "quarter": errands_of_quarter}[moment]
    return of(office, period, as_of)


def errands_of_open(office: Office, period: str, as_of: datetime) -> list[Errand]:
    """What the opening of a month sends out: the calls for its data."""
    with office.database.begin(Role.DELIVER) as connection:
        return _errands(office, connection, "open", Subject(period, "open"), as_of)


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


def errands_of_quarter(office: Office, period: str, as_of: datetime) -> list[Errand]:
    """What a quarter (or another stretch of months) is to send out; NotClosed while a month of it is not compared.

    The rounds of its months are what it speaks about: after a correction has made a new one, it is prepared anew.
    """
    key = "rounds-" + ".".join(str(number) for number in rounds_of(office, period, as_of))
    with office.database.begin(Role.DELIVER) as connection:
        return _errands(office, connection, "quarter", Subject(period, key), as_of)


def rounds_of(office: Office, period: str, as_of: datetime) -> list[int]:
    """The latest round of each month of a period; NotClosed names the months that have none."""
    months = [str(month) for month in Period.parse(period).each_month()]
    with office.database.begin(Role.DELIVER) as connection:
        rounds = ledger.rounds_in_force(connection, office.policy.hub, months, as_of)
    if missing := [month for month in months if month not in rounds]:
        raise NotClosed(f"{'、'.join(missing)} 尚未比对")
    return [rounds[month] for month in months]


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
        return list(connection.execute(text(f"""
            SELECT d.delivery_id FROM out.delivery d JOIN out.message m USING (delivery_id)
            WHERE d.hub = :hub AND NOT (cardinality(d.approvals) > 0 AND {MADE_ANEW})
              AND NOT EXISTS (
                SELECT FROM out.approval a WHERE a.delivery_id = d.delivery_id AND a.decision = 'rejected')
              AND NOT EXISTS (
                SELECT FROM out.sending s WHERE s.message_id = m.message_id AND s.outcome <> 'temporary')
            GROUP BY d.delivery_id, d.recorded_as_of ORDER BY d.recorded_as_of, d.delivery_id
        """), {"hub": office.policy.hub}).scalars())  # noqa: S608 - our own condition  # fmt: skip


def unaddressed(office: Office) -> int:
    """Deliveries whose recipient had no contact in force: nobody got them, and somebody has to see it."""
    with office.database.begin(Role.DELIVER) as connection:
        return connection.execute(text("""
            SELECT count(*) FROM out.delivery d WHERE d.hub = :hub
              AND NOT EXISTS (SELECT FROM out.message m WHERE m.delivery_id = d.delivery_id)
        """), {"hub": office.policy.hub}).scalar_one()  # fmt: skip


def _errands(
    office: Office, connection: Connection, moment: Moment, subject: Subject, as_of: datetime,
    outcome: str | None = None,
) -> list[Errand]:  # fmt: skip
    """What a moment calls for, to everybody whose agreement lets it be sent; whom not is put on record."""
    day = office.today(as_of)
    called: list[Recipe] = [
        r for r in office.policy.recipes.values() if r.when == moment and (not r.only_if or outcome in r.only_if)
    ]
    found: list[Errand] = []
    for recipe in called:
        for recipient in recipients(office, connection, recipe, subject.period, subject.arrival, day):
            if reason := refusal(office.policy, recipe, recipient, day):
                withhold.record(
                    connection, office.policy, recipe, recipient, subject.period, subject.key, as_of, reason
                )
            else:
                found.append(Errand(recipe.id, recipient.key, subject))
    return found
