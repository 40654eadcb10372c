"""Settling a submission: tokens, typed rows, sightings, candidates and case events, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from bidui.casework.closing import event
from bidui.domain.keys import number
from bidui.domain.period import Period
from bidui.identity import candidates, settling
from bidui.pipeline import amend
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
class Intended:
    """What a package is to become: everything about the submission but the counts of its rows."""

    contract: Contract
    arrival_id: str
    period: Period
    scope: str
    kind: str
    data_date: date | None
    late: bool
    before: Submission | None
    """The submission in force that it supersedes."""
    as_of: datetime

    def submission_id(self, hub: str) -> int:
        """The same package for the same (dataset, period, scope) has the same id."""
        return number("submission", hub, self.arrival_id, self.contract.id, str(self.period), self.scope)

    def record(self, hub: str, **counts: Any) -> dict[str, Any]:
        """The row of core.submission."""
        return {
            "submission_id": self.submission_id(hub), "hub": hub, "dataset": self.contract.id,
            "contract_version": self.contract.version, "period": str(self.period), "scope": self.scope,
            "kind": self.kind, "data_date": self.data_date, "arrival_id": self.arrival_id, "late": self.late,
            "supersedes": self.before.submission_id if self.before else None, "recorded_as_of": self.as_of,
            "sheet": "", "rows_read": 0, "rows_accepted": 0, "rows_unresolved": 0, "rows_quarantined": 0,
            "complete": True, **counts,
        }  # fmt: skip


def settle(office: Office, connection: Connection, intended: Intended, examined: Examined) -> dict[str, Any]:
    """Write one submission with its rows; returns its record."""
    contract, agreed, hub = intended.contract, examined.contract, office.policy.hub
    context = office.context(intended.as_of)
    region = office.places(intended.as_of).column(agreed, examined.rows)
    tokenised = settling.tokenise(connection, agreed, examined.accepted, region, context)
    submission = intended.submission_id(hub)
    rows = tokenised.rows.assign(hub=hub, submission_id=submission, origin=submission)
    copy_frame(connection, f'data."{contract.table}"', rows)
    _refresh_statistics(connection, contract)
    reached("settle.rows")
    carried = 0
    if intended.kind == "amend" and intended.before:
        carried = amend.carry(connection, contract, intended.before.submission_id, submission)
        _refresh_statistics(connection, contract)
    record = intended.record(
        hub, sheet=examined.sheet, rows_read=len(examined.rows), rows_accepted=len(rows) + carried,
        rows_unresolved=len(tokenised.unresolved), rows_quarantined=len(examined.quarantined),
        complete=_complete(office, intended, examined, len(rows) + carried),
    )  # fmt: skip
    ledger.record(connection, tables.submission, record)
    reasons = pd.concat([
        pd.Series("quarantined", index=examined.quarantined, dtype="object"),
        pd.Series("unresolved", index=tokenised.unresolved, dtype="object"),
    ])  # fmt: skip
    settling.keep_unsettled(connection, submission, agreed, examined.rows, region, reasons, context)
    if contract.column("subject") and contract.column("subject_name"):
        settling.keep_sightings(connection, contract.table, submission)
    candidates.find(connection, [submission])
    _work_through(office, connection, intended, submission)
    reached("settle.before_commit")
    return record


def settle_nil(office: Office, connection: Connection, intended: Intended) -> dict[str, Any]:
    """Write a nil report (零报告): a submission without rows, which is evidence that there were none (ES-10)."""
    record = intended.record(office.policy.hub)
    ledger.record(connection, tables.submission, record)
    return record


def _complete(office: Office, intended: Intended, examined: Examined, accepted: int) -> bool:
    """Whether absence from the submission counts as evidence (design, decision 7).

    An amendment mends rows; it never makes a submission complete that was not: that takes the whole file again.
    """
    contract, read = intended.contract, len(examined.rows)
    share = len(examined.quarantined) / read if read else 0.0
    enough = accepted >= office.policy.least_rows(contract.id, intended.period.last_day)
    base = intended.before.complete if intended.kind == "amend" and intended.before else True
    return base and enough and share <= contract.complete_if.maximum_quarantined_share


def _refresh_statistics(connection: Connection, contract: Contract) -> None:
    """Tell the planner about the rows just loaded: only of the columns that datasets meet on, which is cheap."""
    met_on = {"submission_id", "person_id", "household_id", "region"} & physical.definition(contract).keys()
    connection.execute(text(f'ANALYZE data."{contract.table}" ({", ".join(sorted(met_on))})'))


def _work_through(office: Office, connection: Connection, intended: Intended, submission: int) -> None:
    """Turn settled rows into case events by ``sql/settle/`` (design, decision 3)."""
    binder = Binder(connection, office.policy, intended.period, intended.as_of)
    dataset = intended.contract.id
    for rule in office.policy.of_stage("settle"):
        alias = next((alias for alias, read in rule.reads.items() if read.dataset == dataset), None)
        if alias is None:
            continue
        events = [
            event(
                row["case_id"], row["event"], row["value"], actor=rule.id, as_of=intended.as_of,
                submission=row["submission_id"], row=row["row_no"],
            )
            for row in binder.bind(rule, {alias: dataset}, only={alias: [submission]}).rows(connection)
        ]  # fmt: skip
        ledger.record_new(connection, tables.case_event, *events)
