"""The ledger: which submissions are in force, and what is recorded about packages and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, text
from sqlalchemy.dialects.postgresql import insert as insert_if_new

from bidui.store.database import Database, Role


@dataclass(frozen=True)
class Submission:
    """What was accepted for one (hub, dataset, period, scope)."""

    submission_id: int
    dataset: str
    contract_version: str
    period: str
    scope: str
    kind: str
    data_date: date | None
    rows_accepted: int
    complete: bool
    late: bool


_IN_FORCE = text("""
    SELECT DISTINCT ON (s.scope) s.submission_id, s.dataset, s.contract_version, s.period, s.scope, s.kind, s.data_date,
           s.rows_accepted, s.complete, s.late
    FROM core.submission s
    WHERE s.hub = :hub AND s.dataset = :dataset AND s.period = ANY(:periods) AND s.recorded_as_of <= :as_of
      AND NOT EXISTS (SELECT FROM core.submission n WHERE n.supersedes = s.submission_id AND n.recorded_as_of <= :as_of)
    ORDER BY s.scope, s.period DESC, s.recorded_as_of DESC
""")


def in_force(
    connection: Connection, hub: str, dataset: str, periods: Sequence[str], as_of: datetime
) -> list[Submission]:
    """One submission per scope: the newest of ``periods`` (newest period first) that was known at ``as_of``."""
    rows = connection.execute(_IN_FORCE, {"hub": hub, "dataset": dataset, "periods": list(periods), "as_of": as_of})
    return [Submission(**row._mapping) for row in rows]


_ORIGINS = text("""
    WITH RECURSIVE chain AS (
        SELECT submission_id, kind, supersedes FROM core.submission WHERE submission_id = ANY(:ids)
        UNION SELECT s.submission_id, s.kind, s.supersedes
        FROM core.submission s JOIN chain c ON s.submission_id = c.supersedes
        WHERE c.kind = 'amend'
    ) SELECT submission_id FROM chain ORDER BY 1
""")


def origins(connection: Connection, submissions: Sequence[int]) -> list[int]:
    """These submissions and, behind each amendment, those whose rows it carries."""
    return list(connection.execute(_ORIGINS, {"ids": list(submissions)}).scalars())


def rounds_in_force(connection: Connection, hub: str, periods: Sequence[str], as_of: datetime) -> dict[str, int]:
    """Period → the latest round that it had at ``as_of``; a period that was not closed is not there."""
    rows = connection.execute(text("""
        SELECT c.period, max(c.round) FROM core.closing c
        WHERE c.hub = :hub AND c.period = ANY(:periods) AND c.recorded_as_of <= :as_of GROUP BY 1
    """), {"hub": hub, "periods": list(periods), "as_of": as_of})  # fmt: skip
    return dict(map(tuple, rows))


def runs_in_force(connection: Connection, hub: str, periods: Sequence[str], as_of: datetime) -> list[str]:
    """The runs of the latest round that each period had at ``as_of``."""
    rounds = rounds_in_force(connection, hub, periods, as_of)
    return list(connection.execute(text("""
        SELECT k.run_id FROM core.closing_run k
        JOIN unnest(CAST(:periods AS text[]), CAST(:rounds AS integer[])) AS f(period, round) USING (period, round)
        WHERE k.hub = :hub ORDER BY 1
    """), {"hub": hub, "periods": list(rounds), "rounds": list(rounds.values())}).scalars())  # fmt: skip


def arrived_at(database: Database, arrival_id: str) -> datetime:
    """The stamp of an arrival: the time as of which everything about it is decided."""
    with database.begin(Role.INTAKE) as connection:
        found: datetime = connection.execute(
            text("SELECT arrived_at FROM core.arrival WHERE arrival_id = :id"), {"id": arrival_id}
        ).scalar_one()
        return found


def record(connection: Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Insert rows into a fixed table."""
    if rows:
        connection.execute(insert(table), list(rows))


def record_new(connection: Connection, table: Table, *rows: dict[str, Any]) -> int:
    """Insert the rows whose key is not there yet; returns how many were new."""
    if not rows:
        return 0
    return connection.execute(insert_if_new(table).on_conflict_do_nothing(), list(rows)).rowcount


def lock(connection: Connection, *name: str) -> None:
    """Hold a named lock until the transaction ends, so that two runs of the same thing follow one another."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": "/".join(name)})
