"""What a visitor to each expected lead's household would find; the towns fill their workbooks with it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from bidui.synth.dice import Dice
from bidui.synth.expect import Lead
from bidui.synth.settings import Visits
from bidui.synth.world import Household


def visit(lead: Lead, household: Household, town: str, data_date: date, visits: Visits, dice: Dice) -> dict[str, Any]:
    """One ``visit`` line of truth, without its period."""
    held = {s.kind for s in lead.signals}
    cause = next(kind for kind in visits.outcomes if kind in held)
    outcome = visits.monitored_outcome if household.category else dice.weighted(visits.outcomes[cause])
    reasons = visits.reasons.get(outcome)
    reason = dice.weighted(reasons) if reasons else ""
    days = dice.between(*visits.days)
    return {
        "type": "visit",
        "household": household.number,
        "town": town,
        "outcome": outcome,
        "refusal_reason": reason,
        "manner": dice.weighted(visits.manners),
        "days_after_data_date": days,
        "visited_on": data_date + timedelta(days=days),
        "visitor": dice.pick(visits.visitors),
        "remark": dice.pick(visits.remarks[reason or outcome]),
    }
