"""The daily follow-up: what was approved leaves, what was refused for now is tried again, the overdue are reminded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bidui.pipeline import deliver
from bidui.pipeline.arrive import period_at
from bidui.pipeline.office import Office
from bidui.pipeline.send import NotAsApproved, send


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


def remind(office: Office, as_of: datetime) -> int:
    """Remind whoever is overdue; counts mails."""
    period = str(period_at(office, as_of))
    results = [deliver.run(office, errand, as_of) for errand in deliver.errands_of_day(office, period, as_of)]
    return sum(sent.accepted for sent in results if sent)
