"""The daily follow-up: what was approved leaves, what was refused for now is tried again, the overdue are reminded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bidui.casework import closing
from bidui.pipeline import deliver, need
from bidui.pipeline.arrive import period_at
from bidui.pipeline.conclude import due_on
from bidui.pipeline.office import Office
from bidui.pipeline.send import NotAsApproved, send
from bidui.store.database import Role


@dataclass(frozen=True)
class FollowedUp:
    """Counts of one day."""

    sent: int
    awaiting: int
    failed: int
    unaddressed: int
    """Deliveries that went to nobody, because no contact was in force."""
    altered: int
    """Deliveries that are not as they were approved and stay here: somebody has to look."""


def send_waiting(office: Office, as_of: datetime) -> FollowedUp:
    """Send what is prepared and may leave."""
    results, altered = [], 0
    for delivery in deliver.unsent(office):
        try:
            results.append(send(office, delivery, as_of))
        except NotAsApproved:
            altered += 1
    return FollowedUp(
        sum(r.accepted for r in results), sum(bool(r.awaiting) for r in results), sum(r.failed for r in results),
        deliver.unaddressed(office), altered,
    )  # fmt: skip


def redate(office: Office, as_of: datetime) -> int:
    """Due dates that were provisional become final where the calendar now knows their year; counts cases."""
    with office.database.begin(Role.COMPARE) as connection:
        return closing.redate(connection, office.policy.hub, partial(due_on, office), as_of)


def remind(office: Office, as_of: datetime) -> int:
    """Remind whoever is overdue, by due dates as the calendar has them now; counts mails.

    Answers to registered needs that were recorded and not told are told first.
    """
    redate(office, as_of)
    need.tell(office, as_of)
    period = str(period_at(office, as_of))
    results = [deliver.run(office, errand, as_of) for errand in deliver.errands_of_day(office, period, as_of)]
    return sum(sent.accepted for sent in results if sent)
