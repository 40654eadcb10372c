"""The register against the roster of the insured: who is missing, uninsured, dead, and whose supporter has died."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bidui.synth.expect.line import Line
from bidui.synth.expect.view import View, finding, signal
from bidui.synth.id_number import birth_date
from bidui.synth.statements import RegisterRow, RosterRow

_SYSTEMS = ("register", "roster")


def lines(view: View) -> Iterator[Line]:
    """What is to be found."""
    words, limits = view.words, view.boundaries
    for number, members in view.register.rows.items():
        rows = view.roster.get(number)
        if not rows:
            absence = finding("missing_there", number, "person", *_SYSTEMS)
            yield view.or_unknown(absence, members[0], view.roster)
        if any(r.stop_date and view.days_to_end(r.stop_date) >= limits.death_days for r in died(view, rows)):
            yield finding("death_not_removed", number, "alive", *_SYSTEMS)
        if _is_uninsured(view, number, rows):
            missed = signal("uninsured", number, "roster", _since(rows, view), members[0].household)
            yield view.or_unknown(missed, members[0], view.roster)
    for number, rows in view.roster.rows.items():
        is_aided = any(r.state == words.insured and r.aid in words.aided for r in rows)
        if is_aided and number not in view.register.rows:
            absence = finding("missing_here", number, "person", *_SYSTEMS)
            yield view.or_unknown(absence, rows[0], view.register)
    yield from _lost_supporters(view)


def died(view: View, rows: Sequence[RosterRow]) -> list[RosterRow]:
    """The rows that state a death."""
    return [r for r in rows if r.stop_reason == view.words.died]


def _is_uninsured(view: View, number: str, rows: Sequence[RosterRow]) -> bool:
    insured = any(r.state == view.words.insured for r in rows)
    exempt = any(r.stop_reason in view.words.exempt for r in rows)
    return not (insured or exempt or view.days_to_end(birth_date(number)) < view.boundaries.newborn_days)


def _since(rows: Sequence[RosterRow], view: View) -> str:
    """Since when somebody is uninsured: the stop date, else the last insured year, else the period's."""
    stopped = next((r.stop_date for r in rows if r.stop_date), None)
    return stopped.isoformat() if stopped else str(rows[0].insured_year if rows else view.period.year)


def _lost_supporters(view: View) -> Iterator[Line]:
    households: dict[str, list[RegisterRow]] = defaultdict(list)
    for members in view.register.rows.values():
        for member in members:
            households[member.household].append(member)
    for number, members in households.items():
        dead = {
            m.id_no: max(dates)
            for m in members
            if (
                dates := [
                    r.stop_date
                    for r in died(view, view.roster.get(m.id_no))
                    if r.stop_date and r.stop_date <= view.last_day
                ]
            )
        }
        able = [m for m in members if m.skill in view.words.able]
        lost = [dead[m.id_no] for m in able if m.id_no in dead]
        if lost and len(dead) < len(members) and len(able) - len(lost) <= view.boundaries.able_left:
            yield Line("lost_supporter", "household", number, "", ("roster",), max(lost).isoformat(), number)
