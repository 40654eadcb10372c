"""Receiving one package: opened, read, checked and settled in one transaction under its content's id, or refused.

Either way there is exactly one intake record per arrival, and running it again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.issues import Effect, Refusal, RowIssue
from bidui.domain.period import Period
from bidui.intake.nil import nil_report
from bidui.pipeline.arrive import window_of
from bidui.pipeline.examine import as_row_issues, examine
from bidui.pipeline.office import Office
from bidui.pipeline.settle import Settled, settle, settle_nil, superseded
from bidui.pipeline.unseal import Content, unseal
from bidui.policy.contract import Contract
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached


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
            text("SELECT * FROM core.arrival WHERE arrival_id = :id"), {"id": arrival_id}
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
        WHERE a.package_hash = :hash AND a.ordinal < :ordinal AND i.submission_id IS NOT NULL ORDER BY a.ordinal LIMIT 1
    """), {"hash": arrival.package_hash, "ordinal": arrival.ordinal}).first()  # fmt: skip
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
    contract = office.policy.contracts[arrival.dataset]
    scope = _scope(office, contract, content)
    nil = (
        nil_report(content.data, office.policy.codes["nil_report"], contract.limits)
        if contract.layout.encoding is None
        else None
    )
    expected = Period.parse(arrival.period)
    period = nil.period if nil else Period.parse(content.period) if content.period else expected
    ledger.lock(connection, "settle", office.policy.hub, contract.id, str(period), scope)
    found = ledger.in_force(connection, office.policy.hub, contract.id, [str(period)], as_of)
    before = superseded(found, scope)
    if content.kind == "amend" and before is None:
        raise Refusal("nothing_to_amend")
    late = _late(office, contract, period, as_of)
    if nil:
        made = settle_nil(office, connection, contract, arrival, nil.period, scope=scope, late=late, before=before,
                          data_date=content.data_date, as_of=as_of)  # fmt: skip
        return _result(
            arrival, "nil", str(nil.period), scope, made, {"sealing": content.sealing, "sequence": content.sequence}
        )
    previous = superseded(
        ledger.in_force(connection, office.policy.hub, contract.id, [str(period.shift(-1))], as_of), scope
    )
    examined = examine(
        office, contract, content, expected, as_of, sent=_sent(connection, contract),
        previous_rows=previous.rows_accepted if previous and content.kind == "full" else None,
    )  # fmt: skip
    if not len(examined.accepted):
        raise Refusal("nothing_accepted", {"rows": len(examined.rows)}, as_row_issues(examined.sheet, examined.issues))
    made = settle(
        office,
        connection,
        contract,
        arrival,
        examined,
        kind=content.kind,
        scope=scope,
        late=late,
        before=before,
        as_of=as_of,
    )
    issues = as_row_issues(examined.sheet, examined.issues)
    if content.weak:
        issues = (*issues, RowIssue("weak_encryption", Effect.NOTE))
    _record_issues(connection, arrival.arrival_id, issues, [*examined.issues["rule"].tolist(), None])
    counted = {
        effect: dict(Counter(i.code for i in issues if i.effect == effect))
        for effect in ("repair", "note", "quarantine")
    }
    facts = {
        **counted, "dropped_columns": examined.dropped_columns, "warnings": list(examined.warnings),
        "sealing": content.sealing, "kind": content.kind, "sequence": content.sequence,
        "previous_rows": previous.rows_accepted if previous else None,
    }  # fmt: skip
    return _result(
        arrival, "partly_accepted" if made.quarantined else "accepted", str(examined.period), scope, made, facts
    )


def _result(arrival: Any, outcome: str, period: str, scope: str, made: Settled, facts: dict[str, Any]) -> Received:
    counts = {k: v for k, v in asdict(made).items() if k not in {"submission_id", "supersedes"}}
    return Received(arrival.arrival_id, outcome, None, arrival.dataset, period, scope, made.submission_id,
                    {**facts, **counts, "superseded": made.supersedes is not None})  # fmt: skip


def _scope(office: Office, contract: Contract, content: Content) -> str:
    if contract.by is None:
        return office.policy.hub
    if content.contact.region is None:
        raise Refusal("sender_without_region")
    return content.contact.region


def _late(office: Office, contract: Contract, period: Period, as_of: datetime) -> bool:
    """Whether an expected dataset came after its window's last day."""
    if contract.id not in office.policy.profile.expected or period.months != 1:
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
