"""Receiving one package: opened, read, checked and settled in one transaction under its content's id, or refused.

Either way there is exactly one intake record per arrival, and running it again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.issues import Effect, Refusal, RowIssue
from bidui.domain.period import Period
from bidui.domain.words import fold
from bidui.intake.nil import NilReport, nil_report
from bidui.pipeline import amend
from bidui.pipeline.arrive import window_of
from bidui.pipeline.examine import as_row_issues, examine
from bidui.pipeline.office import Office
from bidui.pipeline.settle import Intended, settle, settle_nil
from bidui.pipeline.unseal import Content, unseal
from bidui.policy.contract import Contract
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached
from bidui.store.ledger import Submission


@dataclass(frozen=True)
class Received:
    """What became of an arrival: ids and counts only."""

    arrival_id: str
    outcome: str
    """accepted | partly_accepted | nil | duplicate | refused"""
    reason: str | None
    dataset: str
    period: str
    scope: str | None
    submission_id: int | None
    facts: dict[str, Any] = field(default_factory=dict)


def receive(office: Office, arrival_id: str) -> Received:
    """Receive an arrival. What it speaks about is decided as of its stamped arrival, however late this runs."""
    with office.database.begin(Role.INTAKE) as connection:
        arrival = connection.execute(
            text(
                "SELECT a.*, p.form FROM core.arrival a JOIN core.package p USING (package_hash) WHERE arrival_id = :id"
            ),
            {"id": arrival_id},
        ).one()
        ledger.lock(connection, "receive", office.policy.hub, arrival.dataset)
        if known := _known(connection, arrival):
            return known
        reached("receive.begun")
        result = _received(office, connection, arrival)
        ledger.record(connection, tables.intake, {
            "arrival_id": arrival_id, "outcome": result.outcome, "reason": result.reason, "period": result.period,
            "scope": result.scope, "submission_id": result.submission_id, "facts": result.facts,
            "policy_hash": office.policy.hash, "recorded_as_of": arrival.arrived_at})  # fmt: skip
        reached("receive.before_commit")
    reached("receive.committed")
    return result


def _known(connection: Connection, arrival: Any) -> Received | None:
    row = connection.execute(
        text("SELECT * FROM core.intake WHERE arrival_id = :id"), {"id": arrival.arrival_id}
    ).first()
    if row is None:
        return None
    return Received(
        arrival.arrival_id,
        row.outcome,
        row.reason,
        arrival.dataset,
        row.period,
        row.scope,
        row.submission_id,
        row.facts,
    )


def _received(office: Office, connection: Connection, arrival: Any) -> Received:
    same = connection.execute(text("""
        SELECT a.arrived_at, i.period, i.scope, i.submission_id
        FROM core.arrival a JOIN core.intake i USING (arrival_id)
        WHERE a.package_hash = :hash AND a.party = :party AND a.ordinal < :ordinal AND i.submission_id IS NOT NULL
        ORDER BY a.ordinal LIMIT 1
    """), {"hash": arrival.package_hash, "party": arrival.party, "ordinal": arrival.ordinal}).first()  # fmt: skip
    if same:
        return Received(arrival.arrival_id, "duplicate", None, arrival.dataset, same.period, same.scope,
                        same.submission_id, {"first_arrived_at": same.arrived_at.isoformat()})  # fmt: skip
    try:
        with connection.begin_nested():
            return _settled(office, connection, arrival)
    except Refusal as refusal:
        _record_issues(connection, arrival.arrival_id, refusal.issues)
        return Received(
            arrival.arrival_id, "refused", refusal.code, arrival.dataset, arrival.period, None, None, refusal.facts
        )


def _settled(office: Office, connection: Connection, arrival: Any) -> Received:
    as_of: datetime = arrival.arrived_at
    content = unseal(office, connection, arrival, office.vault.get(arrival.package_hash), as_of)
    expected = Period.parse(arrival.period)
    contract = office.policy.at(expected).contracts.get(arrival.dataset)
    if contract is None:
        raise Refusal("not_in_catalogue", {"dataset": arrival.dataset})
    scope = _scope(office, contract, arrival.party, content)
    nil = _nil(office, contract, content, expected)
    ledger.lock(connection, "settle", office.policy.hub, contract.id, str(expected), scope)
    before = _in_force(office, connection, contract, expected, scope, as_of)
    if content.kind == "amend" and (before is None or not amend.mends(contract, before)):
        raise Refusal("nothing_to_amend")
    intended = Intended(
        contract, arrival.arrival_id, expected, scope, "nil" if nil else content.kind, content.data_date,
        _late(office, contract, expected, as_of), before, as_of,
    )  # fmt: skip
    facts: dict[str, Any] = {"sealing": content.sealing, "kind": intended.kind, "sequence": content.sequence}
    if nil:
        return _result(arrival, "nil", settle_nil(office, connection, intended), facts)
    previous = _in_force(office, connection, contract, expected.shift(-1), scope, as_of)
    examined = examine(
        office, contract, content, expected, as_of, sent=_sent(connection, contract),
        previous_rows=previous.rows_accepted if previous else None,
    )  # fmt: skip
    issues = as_row_issues(examined.sheet, examined.issues)
    if not len(examined.accepted):
        raise Refusal("nothing_accepted", {"rows": len(examined.rows)}, issues)
    made = settle(office, connection, replace(intended, data_date=examined.data_date), examined)
    rules = [rule if isinstance(rule, str) else None for rule in examined.issues["rule"]]
    if content.weak:
        issues, rules = (*issues, RowIssue("weak_encryption", Effect.NOTE)), [*rules, None]
    _record_issues(connection, arrival.arrival_id, issues, rules)
    facts |= {
        **_counted(issues), "dropped_columns": examined.dropped_columns, "warnings": list(examined.warnings),
        "previous_rows": previous.rows_accepted if previous else None,
    }  # fmt: skip
    return _result(arrival, "partly_accepted" if made["rows_quarantined"] else "accepted", made, facts)


def _counted(issues: tuple[RowIssue, ...]) -> dict[str, dict[str, int]]:
    """Effect → code → how often."""
    effects = (Effect.REPAIR, Effect.NOTE, Effect.QUARANTINE)
    return {effect.value: dict(Counter(i.code for i in issues if i.effect == effect)) for effect in effects}


def _result(arrival: Any, outcome: str, made: dict[str, Any], facts: dict[str, Any]) -> Received:
    counts = {
        "read": made["rows_read"], "accepted": made["rows_accepted"], "unresolved": made["rows_unresolved"],
        "quarantined": made["rows_quarantined"], "complete": made["complete"], "late": made["late"],
        "superseded": made["supersedes"] is not None,
    }  # fmt: skip
    return Received(
        arrival.arrival_id, outcome, None, arrival.dataset, made["period"], made["scope"], made["submission_id"],
        {**facts, **counts},
    )  # fmt: skip


def _nil(office: Office, contract: Contract, content: Content, expected: Period) -> NilReport | None:
    """The nil report that a workbook is, held against what it was sent as."""
    if contract.layout.encoding is not None:
        return None
    found = nil_report(content.data, office.policy.codes["nil_report"], contract.limits)
    if found is None:
        return None
    if found.period != expected:
        raise Refusal("period_contradicts", {"stated": str(expected), "inside": str(found.period)})
    if fold(found.dataset) not in set(map(fold, (contract.id, contract.title, *contract.titles.values()))):
        raise Refusal("nil_other_dataset")
    return found


def _in_force(
    office: Office, connection: Connection, contract: Contract, period: Period, scope: str, as_of: datetime
) -> Submission | None:
    found = ledger.in_force(connection, office.policy.hub, contract.id, [str(period)], as_of)
    return next((s for s in found if s.scope == scope), None)


def _scope(office: Office, contract: Contract, party: str, content: Content) -> str:
    """Of which part of the dataset a file is the whole."""
    by = office.policy.parted_by(contract)
    if by is None:
        return office.policy.hub
    if by == "party":
        return party
    if content.contact.region is None:
        raise Refusal("sender_without_region")
    return content.contact.region


def _late(office: Office, contract: Contract, period: Period, as_of: datetime) -> bool:
    """Whether an expected dataset came after its window's last day."""
    if period.months != 1 or contract.id not in office.policy.profile.due_in(period):
        return False
    closes = datetime.combine(window_of(office, period)[1], time.max, office.zone)
    return as_of > closes


def _sent(connection: Connection, contract: Contract) -> dict[str, dict[str, str]]:
    """Locked cells that we sent out, by row key, of the deliveries that come back under this contract."""
    if contract.column("row_key") is None:
        return {}
    rows = connection.execute(
        text("SELECT row_key, locked FROM out.delivery_row WHERE returns = :dataset"), {"dataset": contract.id}
    )
    return {row.row_key: row.locked for row in rows}


def _record_issues(
    connection: Connection, arrival_id: str, issues: tuple[RowIssue, ...], rules: list[str | None] | None = None
) -> None:
    ledger.record(connection, tables.row_issue, *(
        {"arrival_id": arrival_id, "ordinal": at, "sheet": issue.sheet, "row_no": issue.row,
         "column_name": issue.column, "code": issue.code, "effect": issue.effect.value,
         "rule": (rules or [None] * len(issues))[at]}
        for at, issue in enumerate(issues)
    ))  # fmt: skip
