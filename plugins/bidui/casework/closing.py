"""Concluding a comparison of a month: leads are merged, cases opened, and what agrees again is settled by comparison.

A finding is never closed by a click: only a later run of its rule that no longer finds it does (convergence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.keys import digest
from bidui.domain.working_days import Due
from bidui.store import ledger, tables


@dataclass(frozen=True)
class Round:
    """One round of a period: the runs that count."""

    hub: str
    period: str
    round: int
    new: bool


@dataclass(frozen=True)
class Merged:
    """A lead as the lead rule gives it: one register household, its signals merged."""

    household_id: int
    region: str
    level: str
    causes: tuple[str, ...]
    signals: tuple[str, ...]


def open_round(
    connection: Connection, hub: str, period: str, runs: Sequence[str], policy_hash: str, as_of: datetime
) -> Round:
    """The round that these runs make; the latest one again when nothing changed."""
    ledger.lock(connection, "closing", hub, period)
    latest = connection.execute(text("""
        SELECT c.round, array_remove(array_agg(k.run_id), NULL)
        FROM core.closing c LEFT JOIN core.closing_run k USING (hub, period, round)
        WHERE c.hub = :hub AND c.period = :period GROUP BY c.round ORDER BY c.round DESC LIMIT 1
    """), {"hub": hub, "period": period}).first()  # fmt: skip
    if latest and set(latest[1]) == set(runs):
        return Round(hub, period, latest[0], new=False)
    number = (latest[0] if latest else 0) + 1
    ledger.record(connection, tables.closing, {
        "hub": hub, "period": period, "round": number, "policy_hash": policy_hash,
        "recorded_as_of": as_of})  # fmt: skip
    ledger.record(connection, tables.closing_run, *(
        {"hub": hub, "period": period, "round": number, "run_id": run} for run in sorted(set(runs))))  # fmt: skip
    return Round(hub, period, number, new=True)


def open_leads(
    connection: Connection, now: Round, merged: Sequence[Merged], runs_of: Mapping[str, str],
    due: Mapping[str, Due], owner: str, offices: Mapping[str, str | None], as_of: datetime,
) -> int:  # fmt: skip
    """Write the leads of a round with their cases.

    ``runs_of``: signal → run that saw it; ``due``: by level; ``offices``: region of a lead → region whose
    office, of the party ``owner``, visits it.
    """
    begun = connection.execute(
        text("SELECT count(*) FROM core.lead WHERE hub = :hub AND period = :period"),
        {"hub": now.hub, "period": now.period},
    ).scalar_one()
    leads, signals, cases, dues = [], [], [], []
    for place, lead in enumerate(sorted(merged, key=lambda m: (m.region, m.household_id)), begun + 1):
        lead_id = digest("lead", now.hub, lead.household_id, now.period, now.round)
        term = due[lead.level]
        leads.append({
            "lead_id": lead_id, "lead_no": f"{now.period}-{place:05d}", "hub": now.hub,
            "household_id": lead.household_id, "period": now.period, "round": now.round, "region": lead.region,
            "level": lead.level, "causes": list(lead.causes), "due": term.day, "due_provisional": term.provisional,
            "recorded_as_of": as_of,
        })  # fmt: skip
        signals += [{"lead_id": lead_id, "signal_key": key, "run_id": runs_of[key]} for key in lead.signals]
        cases.append(_case(now, "lead", lead_id, owner, offices[lead.region], term.day, as_of))
        dues += provisional_due(cases[-1]["case_id"], term, as_of)
    ledger.record(connection, tables.lead, *leads)
    ledger.record(connection, tables.lead_signal, *signals)
    ledger.record(connection, tables.case, *cases)
    ledger.record(connection, tables.case_due, *dues)
    return len(leads)


def open_findings(
    connection: Connection, now: Round, owners: Mapping[tuple[str, str, str], str], due: Due, as_of: datetime
) -> int:
    """Open a case for each finding of the round that has none open: what differs again is worked on again.

    ``owners``: (kind, system a, system b) → party asked to mend.
    """
    found = connection.execute(text("""
        SELECT DISTINCT f.finding_key, f.kind, f.system_a, f.system_b
        FROM core.finding f JOIN core.finding_seen v USING (finding_key) JOIN core.closing_run k USING (run_id)
        WHERE k.hub = :hub AND k.period = :period AND k.round = :round
          AND NOT EXISTS (
              SELECT FROM core.case_state c WHERE c.finding_key = f.finding_key AND c.state IS DISTINCT FROM 'agreed'
          ) ORDER BY 1
    """), {"hub": now.hub, "period": now.period, "round": now.round}).all()  # fmt: skip
    cases = [
        _case(now, "finding", row.finding_key, owners[row.kind, row.system_a, row.system_b], None, due.day, as_of)
        for row in found
    ]
    ledger.record(connection, tables.case, *cases)
    ledger.record(
        connection, tables.case_due, *(d for case in cases for d in provisional_due(case["case_id"], due, as_of))
    )
    return len(cases)


def converge(connection: Connection, now: Round, as_of: datetime) -> int:
    """Settle the findings that a run of this round, of the rule that last saw them, sees no more ('agreed').

    Only evidence settles (design, decision 7): not what an incomplete submission now states, or leaves out, in the
    place of the row that was seen; and nobody whom a row that was set aside may mean. Such a finding stays open.
    """
    agreed = connection.execute(_AGREED, {"hub": now.hub, "period": now.period, "round": now.round}).all()
    return ledger.record_new(connection, tables.case_event, *(
        event(row.case_id, "agreed", now.period, actor=row.run_id, as_of=as_of) for row in agreed))  # fmt: skip


_AGREED = text("""
    WITH RECURSIVE sight AS (
        SELECT DISTINCT ON (v.finding_key) v.finding_key, r.rule, r.systems, r.period,
               ARRAY[(v.row_a->>'submission')::bigint, (v.row_b->>'submission')::bigint] AS seen_in
        FROM core.finding_seen v JOIN core.run r USING (run_id)
        WHERE r.hub = :hub ORDER BY v.finding_key, r.period DESC, r.recorded_as_of DESC
    ), speaking AS (
        SELECT r.run_id, r.rule, r.systems FROM core.run r JOIN core.closing_run k USING (run_id)
        WHERE k.hub = :hub AND k.period = :period AND k.round = :round AND r.status = 'ran'
    ), input AS (
        SELECT i.run_id, s.submission_id, s.kind, s.supersedes
        FROM core.run_input i JOIN speaking USING (run_id) JOIN core.submission s USING (submission_id)
        UNION
        SELECT i.run_id, s.submission_id, s.kind, s.supersedes
        FROM input i JOIN core.submission s ON s.submission_id = i.supersedes WHERE i.kind = 'amend'
    ), apart AS (
        SELECT i.run_id, coalesce(k.same_as, c.person_id) AS subject
        FROM input i JOIN identity.candidate c USING (submission_id)
        LEFT JOIN identity.person_link k ON k.person_id = c.person_id
        UNION
        SELECT u.run_id, u.subject FROM core.unknown u JOIN speaking USING (run_id)
    )
    SELECT c.case_id, s.run_id FROM core.case_state c
    JOIN core.finding f USING (finding_key) JOIN sight USING (finding_key)
    JOIN speaking s ON s.rule = sight.rule AND s.systems = sight.systems
    WHERE c.hub = :hub AND c.kind = 'finding' AND c.state IS DISTINCT FROM 'agreed' AND sight.period <= :period
      AND NOT EXISTS (SELECT FROM core.finding_seen v WHERE v.run_id = s.run_id AND v.finding_key = f.finding_key)
      AND NOT (f.subject_type = 'person'
               AND EXISTS (SELECT FROM apart a WHERE a.run_id = s.run_id AND a.subject = f.subject))
      AND NOT EXISTS (
          SELECT FROM core.submission o CROSS JOIN LATERAL (
              SELECT n.complete, n.kind FROM core.run_input i JOIN core.submission n USING (submission_id)
              WHERE i.run_id = s.run_id AND (n.dataset, n.scope) = (o.dataset, o.scope) AND n.period >= o.period
              ORDER BY n.period LIMIT 1
          ) instead
          WHERE o.submission_id = ANY(sight.seen_in) AND NOT instead.complete AND instead.kind <> 'nil'
      )
""")


def provisional_due(case_id: str, term: Due, as_of: datetime) -> list[dict[str, Any]]:
    """The row that marks a case's due date as provisional; none when it is final."""
    due = {"case_id": case_id, "due": term.day, "provisional": True, "recorded_as_of": as_of}
    return [due] if term.provisional else []


def redate(connection: Connection, hub: str, due_of: Callable[[str, datetime], Due], as_of: datetime) -> int:
    """Make final what due dates of cases were provisional and need no longer be; returns how many.

    ``due_of``: name of the deadline and when the term began → its last day by the calendar as it is known now.
    """
    ledger.lock(connection, "redate", hub)
    waiting = connection.execute(_PROVISIONAL, {"hub": hub, "as_of": as_of}).all()
    known = [(row.case_id, due_of(row.deadline, row.began)) for row in waiting]
    final = [
        {"case_id": case_id, "due": term.day, "provisional": False, "recorded_as_of": as_of}
        for case_id, term in known if not term.provisional
    ]  # fmt: skip
    return ledger.record_new(connection, tables.case_due, *final)


_PROVISIONAL = text("""
    SELECT case_id, began, deadline FROM (
        SELECT DISTINCT ON (d.case_id) d.case_id, c.recorded_as_of AS began, d.provisional,
               CASE c.kind WHEN 'lead' THEN 'visit_' || l.level ELSE 'correction' END AS deadline
        FROM core.case_due d JOIN core."case" c USING (case_id) LEFT JOIN core.lead l USING (lead_id)
        WHERE c.hub = :hub AND d.recorded_as_of <= :as_of
        ORDER BY d.case_id, d.recorded_as_of DESC, d.provisional
    ) newest WHERE provisional ORDER BY case_id
""")


def event(
    case_id: str,
    name: str,
    value: str | None,
    *,
    actor: str,
    as_of: datetime,
    submission: int | None = None,
    row: int | None = None,
) -> dict[str, Any]:
    """One case event; the same event has the same id, so that writing it twice is writing it once."""
    return {
        "event_id": digest("event", case_id, name, value, submission, row, actor), "case_id": case_id, "event": name,
        "value": value, "submission_id": submission, "row_no": row, "actor": actor, "recorded_as_of": as_of,
    }  # fmt: skip


def _case(
    now: Round, kind: str, about: str, party: str, region: str | None, due: date, as_of: datetime
) -> dict[str, Any]:
    return {
        "case_id": digest("case", kind, about, now.period, now.round), "hub": now.hub, "kind": kind,
        "lead_id": about if kind == "lead" else None, "finding_key": about if kind == "finding" else None,
        "owner_party": party, "owner_region": region, "opened_period": now.period, "due": due,
        "recorded_as_of": as_of,
    }  # fmt: skip
