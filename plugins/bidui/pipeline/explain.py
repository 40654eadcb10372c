"""Why is this household on the list, or why not: rows, files, rules, versions, clauses on one page (for auditors)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from bidui.delivery.masking import mask_name
from bidui.identity import reading
from bidui.pipeline.office import Office
from bidui.store.database import Role


@dataclass(frozen=True)
class Source:
    """One row in one file that a signal rests on."""

    dataset: str
    period: str
    row: int
    sheet: str
    package: str
    arrived_at: datetime
    data_date: Any
    contract_version: str
    party: str
    """Who handed it in, as it was called then."""
    scope: str


@dataclass(frozen=True)
class Ground:
    """One signal behind a lead."""

    cause: str
    who: str
    fact_date: Any
    amount: Decimal | None
    """In yuan, where the signal is about money."""
    rule: str
    rule_title: str
    rule_hash: str
    clauses: tuple[str, ...]
    parameters: dict[str, Any]
    run_id: str
    policy_hash: str
    known_as_of: datetime
    sources: tuple[Source, ...]
    others: tuple[Source, ...]
    """The other submissions that the rule read."""


@dataclass(frozen=True)
class Lead:
    """One lead of the household with its case."""

    lead_no: str
    period: str
    round: int
    level: str
    due: Any
    causes: tuple[str, ...]
    grounds: tuple[Ground, ...]
    events: tuple[tuple[datetime, str, str | None], ...]
    deliveries: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class Explanation:
    """Everything the ledger knows of why a household was, or was not, to be visited."""

    household: str
    leads: tuple[Lead, ...]
    unknown: tuple[tuple[str, str, str], ...]
    """(period, rule, reason) where a member was unknown, not absent."""
    frozen: tuple[tuple[str, str, str, str], ...]
    """(period, rule, dataset, reason) where a rule could not speak for anybody."""


def explain(office: Office, household_no: str, as_of: datetime) -> Explanation | None:
    """The explanation as known at ``as_of``; None for a household number that the hub has never seen."""
    with office.database.begin(Role.DELIVER) as connection:
        facts = {"hub": office.policy.hub, "as_of": as_of}
        household = connection.execute(
            text("SELECT household_id FROM identity.household WHERE (hub, system, number) = (:hub, :system, :number)"),
            {**facts, "system": office.policy.profile.numbering.system, "number": household_no},
        ).scalar()
        if household is None:
            return None
        leads = connection.execute(
            _LEADS,
            {**facts, "household": household},
        ).all()
        unknown = _unknown(office, connection, household, as_of)
        frozen = connection.execute(_FROZEN, facts).all()
        return Explanation(
            household_no, tuple(_lead(office, connection, row, as_of) for row in leads),
            tuple((r.period, _rule_title(office, r.rule), r.reason) for r in unknown),
            tuple(
                (r.period, _rule_title(office, r.rule), dataset, reason)
                for r in frozen for dataset, reason in r.reason.items()
            ),
        )  # fmt: skip


# The runs that counted at ``as_of``: those of the latest round that each period had by then.
_RUNS_THEN = """(
    SELECT r.* FROM core.run r JOIN core.closing_run k USING (run_id) JOIN (
        SELECT hub, period, max(round) AS round FROM core.closing WHERE recorded_as_of <= :as_of GROUP BY hub, period
    ) latest ON (latest.hub, latest.period, latest.round) = (k.hub, k.period, k.round)
)"""
_LEADS = text("""
    SELECT l.*, coalesce((
        SELECT d.due FROM core.case_due d JOIN core."case" c USING (case_id)
        WHERE c.lead_id = l.lead_id AND d.recorded_as_of <= :as_of ORDER BY d.recorded_as_of DESC, d.provisional LIMIT 1
    ), l.due) AS due_now
    FROM core.lead l WHERE l.hub = :hub AND l.household_id = :household AND l.recorded_as_of <= :as_of
    ORDER BY l.period, l.round
""")
_FROZEN = text(f"""
    SELECT DISTINCT r.period, r.rule, r.reason FROM {_RUNS_THEN} r
    WHERE r.hub = :hub AND r.status = 'frozen' ORDER BY 1, 2
""")
_GROUNDS = text("""
    SELECT s.*, v.fact_date, v.amount, v.row, r.run_id, r.rule, r.rule_hash, r.parameters, r.policy_hash,
           r.recorded_as_of AS run_as_of
    FROM core.lead_signal k JOIN core.signal s USING (signal_key)
    JOIN core.signal_seen v USING (run_id, signal_key) JOIN core.run r USING (run_id)
    WHERE k.lead_id = :lead ORDER BY s.cause, s.signal_key
""")
_SOURCE = """
    SELECT DISTINCT s.submission_id, s.dataset, s.period, s.sheet, s.data_date, s.contract_version, a.package_hash,
           a.arrived_at, a.party, s.scope
    FROM core.submission s JOIN core.arrival a USING (arrival_id)
"""


def _lead(office: Office, connection: Connection, row: Any, as_of: datetime) -> Lead:
    known = {"lead": row.lead_id, "no": row.lead_no, "as_of": as_of}
    grounds = connection.execute(_GROUNDS, known).all()
    events = connection.execute(text(
        'SELECT e.recorded_as_of, e.event, e.value FROM core.case_event e JOIN core."case" c USING (case_id)'
        " WHERE c.lead_id = :lead AND e.recorded_as_of <= :as_of ORDER BY 1, 2"), known).all()  # fmt: skip
    sent = connection.execute(text(
        "SELECT d.delivery_no, d.recorded_as_of FROM out.delivery d JOIN out.delivery_row r USING (delivery_id)"
        " WHERE r.row_key = :no AND d.recorded_as_of <= :as_of ORDER BY 2"), known).all()  # fmt: skip
    return Lead(
        row.lead_no, row.period, row.round, row.level, row.due_now, tuple(row.causes),
        tuple(_ground(office, connection, g) for g in grounds),
        tuple((e.recorded_as_of, e.event, e.value) for e in events),
        tuple((d.delivery_no, d.recorded_as_of) for d in sent),
    )  # fmt: skip


def _ground(office: Office, connection: Connection, found: Any) -> Ground:
    rule = office.policy.rules.get(found.rule)
    origin = connection.execute(
        text(_SOURCE + "WHERE s.submission_id = :id"), {"id": int(found.row["submission"])}
    ).one()
    others = connection.execute(text(
        _SOURCE + "JOIN core.run_input i USING (submission_id)"
        " WHERE i.run_id = :run AND s.submission_id <> :id ORDER BY s.dataset"),
        {"run": found.run_id, "id": origin.submission_id}).all()  # fmt: skip
    return Ground(
        cause=found.cause, who=_who(connection, found), fact_date=found.fact_date, amount=found.amount, rule=found.rule,
        rule_title=_rule_title(office, found.rule), rule_hash=found.rule_hash, clauses=rule.clauses if rule else (),
        parameters=found.parameters, run_id=found.run_id, policy_hash=found.policy_hash, known_as_of=found.run_as_of,
        sources=(_source(origin, found.row["row"]),), others=tuple(_source(o, 0) for o in others),
    )  # fmt: skip


def _source(row: Any, row_no: int) -> Source:
    return Source(
        row.dataset,
        row.period,
        row_no,
        row.sheet,
        row.package_hash,
        row.arrived_at,
        row.data_date,
        row.contract_version,
        row.party,
        row.scope,
    )


def _who(connection: Connection, found: Any) -> str:
    """The person whom a signal is about, by a masked name."""
    if found.subject_type != "person":
        return "整户"
    names = connection.execute(
        text("SELECT name_id FROM identity.sighting WHERE person_id = :id ORDER BY 1 LIMIT 1"), {"id": found.subject}
    ).scalars().all()  # fmt: skip
    return next((mask_name(name) for name in reading.names_of_terms(connection, names).values()), "（未登记姓名）")


def _rule_title(office: Office, rule: str) -> str:
    known = office.policy.rules.get(rule)
    return known.title if known else rule


def _unknown(office: Office, connection: Connection, household: int, as_of: datetime) -> list[Any]:
    """Runs in which a member of the household, by any dataset that names households, was unknown."""
    listed = [c for c in office.policy.tables if c.column("household_key") and c.column("subject")]
    members = " UNION ".join(
        f'SELECT person_id FROM data."{c.table}" WHERE hub = :hub AND household_id = :household' for c in listed
    )
    if not members:
        return []
    query = text(f"""
        SELECT DISTINCT r.period, r.rule, u.reason FROM core.unknown u JOIN {_RUNS_THEN} r USING (run_id)
        WHERE r.hub = :hub AND u.subject IN ({members}) ORDER BY 1, 2
    """)
    return list(connection.execute(query, {"hub": office.policy.hub, "household": household, "as_of": as_of}).all())
