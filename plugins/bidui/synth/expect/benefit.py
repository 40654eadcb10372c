"""The list of benefits against the register, against deaths, against itself and against its own last month."""

from __future__ import annotations

from collections.abc import Iterator

from bidui.synth.expect.line import Line
from bidui.synth.expect.roster import died
from bidui.synth.expect.view import View, finding, signal

_SYSTEMS = ("register", "benefit")


def lines(view: View) -> Iterator[Line]:
    """What is to be found."""
    for number in view.register.rows:
        yield from _flags(view, number)
        yield from _risks(view, number)
    for number, rows in view.benefit.rows.items():
        dates = [r.stop_date for r in died(view, view.roster.get(number)) if r.stop_date]
        if any(view.days_to_start(day) >= view.boundaries.death_paid_days for day in dates):
            yield finding("death_still_paid", number, "alive", "roster", "benefit")
        if len({r.number for r in rows}) > 1:
            yield finding("benefit_duplicate", number, "household", "benefit", "benefit")


def _flags(view: View, number: str) -> Iterator[Line]:
    """What the register's flag should be."""
    members, paid = view.register.get(number), view.benefit.get(number)
    is_old = any(view.days_to_start(r.started_on) >= view.boundaries.benefit_flag_days for r in paid)
    if is_old and not all(m.dibao for m in members):
        yield finding("benefit_not_flagged", number, "dibao", *_SYSTEMS)
    if not paid and any(m.dibao for m in members):
        absence = finding("benefit_flag_stale", number, "dibao", *_SYSTEMS)
        yield view.or_unknown(absence, members[0], view.benefit)


def _risks(view: View, number: str) -> Iterator[Line]:
    """Benefits that began or ended lately."""
    members, paid = view.register.get(number), view.benefit.get(number)
    plain = next((m for m in members if not m.category), None)
    for day in sorted({r.started_on for r in paid}):
        if plain and 0 <= view.days_to_end(day) < view.boundaries.benefit_new_days:
            yield signal("benefit_unmonitored", number, "benefit", day.isoformat(), plain.household)
    was_paid = view.benefit_before.get(number)
    if was_paid and not paid and not died(view, view.roster.get(number)):
        stopped = signal("aid_stopped", number, "benefit", view.period, members[0].household)
        yield view.or_unknown(stopped, members[0], view.benefit)
