"""Settling a submission in the caller's transaction: tokens, typed rows, issues, sightings, candidates, case events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from bidui.casework.closing import event
from bidui.domain.keys import number
from bidui.domain.period import Period
from bidui.identity import candidates, settling
from bidui.pipeline.examine import Examined
from bidui.pipeline.office import Office
from bidui.policy import physical
from bidui.policy.contract import Contract
from bidui.rules.binding import Binder
from bidui.store import ledger, tables
from bidui.store.copying import copy_frame
from bidui.store.failpoints import reached
from bidui.store.ledger import Submission


@dataclass(frozen=True)
class Settled:
    """Counts of one settled submission."""

    submission_id: int
    read: int
    accepted: int
    unresolved: int
    quarantined: int
    complete: bool
    late: bool
    supersedes: int | None


def settle(
    office: Office, connection: Connection, contract: Contract, arrival: Any, examined: Examined, *,
    kind: str, scope: str, late: bool, before: Submission | None, as_of: datetime,
) -> Settled:  # fmt: skip
    """Write one submission with its rows. ``before`` is the submission that it supersedes, if any."""
    submission = number("submission", office.policy.hub, arrival.arrival_id, contract.id, str(examined.period), scope)
    context = office.context(as_of)
    region = office.places(as_of).column(contract, examined.rows)
    tokenised = settling.tokenise(connection, contract, examined.accepted, region, context)
    carried = before.rows_accepted if before and kind == "amend" else 0
    read, apart = len(examined.rows), len(examined.quarantined)
    rule = contract.complete_if
    complete = read + carried >= rule.minimum_rows and (not read or apart / read <= rule.maximum_quarantined_share)
    record = {
        "submission_id": submission, "hub": office.policy.hub, "dataset": contract.id,
        "contract_version": contract.version, "period": str(examined.period), "scope": scope, "kind": kind,
        "data_date": examined.data_date, "arrival_id": arrival.arrival_id, "sheet": examined.sheet,
        "rows_read": read, "rows_accepted": len(tokenised.rows),
        "rows_unresolved": len(tokenised.unresolved), "rows_quarantined": apart, "complete": complete, "late": late,
        "supersedes": before.submission_id if before else None, "recorded_as_of": as_of,
    }  # fmt: skip
    if kind == "amend" and before:
        record["rows_accepted"] = len(tokenised.rows) + _kept_of(
            connection, contract, before.submission_id, tokenised.rows
        )
    ledger.record(connection, tables.submission, record)
    rows = tokenised.rows.assign(hub=office.policy.hub, submission_id=submission, origin=submission)
    copy_frame(connection, f'data."{contract.table}"', rows)
    _refresh_statistics(connection, contract)
    reached("settle.rows")
    if kind == "amend" and before:
        _carry(connection, contract, before.submission_id, submission)
        _refresh_statistics(connection, contract)
    reasons = pd.concat([
        pd.Series("quarantined", index=examined.quarantined, dtype="object"),
        pd.Series("unresolved", index=tokenised.unresolved, dtype="object"),
    ])  # fmt: skip
    settling.keep_unsettled(connection, submission, contract, examined.rows, region, reasons, context)
    if contract.column("subject") and contract.column("subject_name"):
        settling.keep_sightings(connection, contract.table, submission)
    candidates.find(connection, [submission])
    _work_through(office, connection, contract, submission, examined.period, as_of)
    reached("settle.before_commit")
    return Settled(
        submission,
        read,
        record["rows_accepted"],
        len(tokenised.unresolved),
        apart,
        complete,
        late,
        record["supersedes"],
    )


def settle_nil(
    office: Office, connection: Connection, contract: Contract, arrival: Any, period: Period, *,
    scope: str, late: bool, before: Submission | None, data_date: date | None, as_of: datetime,
) -> Settled:  # fmt: skip
    """Write a nil report (零报告): a submission without rows, which is evidence that there were none (ES-10)."""
    submission = number("submission", office.policy.hub, arrival.arrival_id, contract.id, str(period), scope)
    ledger.record(connection, tables.submission, {
        "submission_id": submission, "hub": office.policy.hub, "dataset": contract.id,
        "contract_version": contract.version, "period": str(period), "scope": scope, "kind": "nil",
        "data_date": data_date, "arrival_id": arrival.arrival_id, "sheet": "", "rows_read": 0, "rows_accepted": 0,
        "rows_unresolved": 0, "rows_quarantined": 0, "complete": True, "late": late,
        "supersedes": before.submission_id if before else None, "recorded_as_of": as_of,
    })  # fmt: skip
    return Settled(submission, 0, 0, 0, 0, True, late, before.submission_id if before else None)


def _refresh_statistics(connection: Connection, contract: Contract) -> None:
    """Tell the planner about the rows just loaded: only of the columns that datasets meet on, which is cheap."""
    met_on = {"submission_id", "person_id", "household_id", "region"} & physical.definition(contract).keys()
    connection.execute(text(f'ANALYZE data."{contract.table}" ({", ".join(sorted(met_on))})'))


def _same_key(contract: Contract) -> str:
    """SQL that says that rows ``n`` (new) and ``o`` (old) have the same business key."""
    names = {p.source.name: p.name for p in physical.columns(contract)}
    key = ["person_id" if c.role == "subject" else names[c.name] for c in contract.key]
    return " AND ".join(f'n."{name}" IS NOT DISTINCT FROM o."{name}"' for name in key)


def _kept_of(connection: Connection, contract: Contract, old: int, rows: pd.DataFrame) -> int:
    """How many rows of the amended submission stay, before anything is written."""
    names = {p.source.name: p.name for p in physical.columns(contract)}
    key = ["person_id" if c.role == "subject" else names[c.name] for c in contract.key]
    types = physical.definition(contract)
    connection.execute(text("DROP TABLE IF EXISTS amended"))
    defined = ", ".join(f'"{n}" {types[n].split(" NOT")[0]}' for n in key)
    connection.execute(text(f"CREATE TEMP TABLE amended ({defined}) ON COMMIT DROP"))
    copy_frame(connection, "amended", rows[key])
    connection.execute(text("ANALYZE amended"))
    return connection.execute(text(
        f'SELECT count(*) FROM data."{contract.table}" o WHERE o.submission_id = :old'
        f" AND NOT EXISTS (SELECT FROM amended n WHERE {_same_key(contract)})"
    ), {"old": old}).scalar_one()  # fmt: skip


def _carry(connection: Connection, contract: Contract, old: int, new: int) -> None:
    """An amendment makes a new full submission: the rows that it does not name are carried over, with their origin."""
    others = ", ".join(f'"{name}"' for name in physical.definition(contract) if name != "submission_id")
    connection.execute(text(
        f'INSERT INTO data."{contract.table}" (submission_id, {others})'
        f' SELECT :new, {others} FROM data."{contract.table}" o'
        f" WHERE o.submission_id = :old AND NOT EXISTS (SELECT FROM data.\"{contract.table}\" n"
        f" WHERE n.submission_id = :new AND {_same_key(contract)})"
    ), {"old": old, "new": new})  # fmt: skip


def _work_through(
    office: Office, connection: Connection, contract: Contract, submission: int, period: Period, as_of: datetime
) -> None:
    """Turn settled rows into case events by ``sql/settle/`` (design, decision 3)."""
    binder = Binder(connection, office.policy, period, as_of)
    for rule in office.policy.of_stage("settle"):
        alias = _alias_of(rule.reads, contract.id)
        if alias is None:
            continue
        bound = binder.bind(rule, {alias: contract.id}, only={alias: [submission]})
        for row in bound.rows(connection):
            made = event(
                row["case_id"],
                row["event"],
                row["value"],
                actor=rule.id,
                as_of=as_of,
                submission=row["submission_id"],
                row=row["row_no"],
            )
            ledger.record_new(connection, tables.case_event, made)


def _alias_of(reads: Any, dataset: str) -> str | None:
    return next((alias for alias, read in reads.items() if read.dataset == dataset), None)


def superseded(found: Sequence[Submission], scope: str) -> Submission | None:
    """The submission in force for a scope."""
    return next((s for s in found if s.scope == scope), None)
