"""Running a bound rule and keeping what it found.

A run is known by the hash of what it resolved to: the same inputs are a no-op, others a new run (design, decision 5).
What a rule found is stored under keys that outlive it (decision 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from bidui.domain.keys import digest
from bidui.policy.policy_set import PolicySet
from bidui.rules.binding import Bound
from bidui.store import ledger, tables


@dataclass(frozen=True)
class RunResult:
    """What one run came to: ids and counts only."""

    run_id: str
    rule: str
    systems: tuple[str, ...]
    status: str
    rows: int
    unknown: int = 0
    new: bool = True


_KEY = "encode(sha256(convert_to(concat_ws('|', {parts}), 'UTF8')), 'hex')"

# Subjects who would be absent, but whom a row of the other side may mean: they are unknown, never absent.
_SET_APART = (
    """CREATE TEMP TABLE apart ON COMMIT DROP AS
    SELECT coalesce(k.same_as, c.person_id) AS subject, min(c.reason) AS reason
    FROM identity.candidate c LEFT JOIN identity.person_link k ON k.person_id = c.person_id
    WHERE c.submission_id = ANY(:absent_from) AND coalesce(k.same_as, c.person_id) IN (SELECT subject FROM product)
    GROUP BY 1""",
    "DELETE FROM product WHERE subject IN (SELECT subject FROM apart)",
)
_KEEP_UNKNOWN = "INSERT INTO core.unknown (run_id, subject, reason) SELECT :run_id, subject, reason FROM apart"


@dataclass(frozen=True)
class _Keeping:
    """How the rows of one stage are kept: what their key is made of, the thing itself, and this run's sight of it."""

    key: str
    thing: str
    sight: str


_KEEPING = {
    "compare": _Keeping(
        key=_KEY.format(parts="CAST(:hub AS text), CAST(:kind AS text), CAST(:subject_type AS text), subject, field,"
                              " CAST(:system_a AS text), CAST(:system_b AS text), coalesce(discriminator, '')"),
        thing="""INSERT INTO core.finding (finding_key, hub, kind, subject_type, subject, field, system_a, system_b,
                discriminator, first_period, recorded_as_of)
            SELECT DISTINCT ON (key) key, :hub, :kind, :subject_type, subject, field, :system_a, :system_b,
                coalesce(discriminator, ''), :period, :as_of
            FROM product ORDER BY key ON CONFLICT DO NOTHING""",
        sight="""INSERT INTO core.finding_seen (run_id, finding_key, value_a, value_b, row_a, row_b)
            SELECT DISTINCT ON (key) :run_id, key, value_a, value_b, row_a, row_b FROM product
            ORDER BY key, row_a, row_b""",
    ),
    "screen": _Keeping(
        key=_KEY.format(parts="CAST(:hub AS text), cause, CAST(:subject_type AS text), subject, CAST(:dataset AS text),"
                              " coalesce(occurrence, '')"),
        thing="""INSERT INTO core.signal (signal_key, hub, cause, subject_type, subject, dataset, occurrence,
                first_period, recorded_as_of)
            SELECT DISTINCT ON (key) key, :hub, cause, :subject_type, subject, :dataset, coalesce(occurrence, ''),
                :period, :as_of
            FROM product ORDER BY key ON CONFLICT DO NOTHING""",
        sight="""INSERT INTO core.signal_seen (run_id, signal_key, amount, fact_date, row)
            SELECT DISTINCT ON (key) :run_id, key, amount, fact_date, row FROM product ORDER BY key, row""",
    ),
}  # fmt: skip


def run(connection: Connection, policy: PolicySet, bound: Bound, as_of: datetime) -> RunResult:
    """Run one bound compare or screen rule, once for what it resolves to."""
    rule, systems = bound.rule, _systems(bound)
    run_id = identity(connection, policy, bound)
    known = connection.execute(
        text(
            "SELECT status, rows, (SELECT count(*) FROM core.unknown u WHERE u.run_id = r.run_id)"
            " FROM core.run r WHERE run_id = :id"
        ),
        {"id": run_id},
    ).first()
    if known:
        return RunResult(run_id, rule.id, systems, known[0], known[1], known[2], new=False)
    facts: dict[str, Any] = {
        **bound.parameters, "run_id": run_id, "kind": rule.finds, "subject_type": rule.subject,
        "system_a": systems[0], "system_b": systems[-1], "dataset": systems[0],
        "absent_from": ledger.origins(connection, _submission_ids(bound, rule.absent_from)),
    }  # fmt: skip
    rows = 0 if bound.frozen else _produce(connection, bound, facts)
    unknown = (
        connection.execute(text("SELECT count(*) FROM apart")).scalar_one()
        if rule.absent_from and not bound.frozen
        else 0
    )
    _record(connection, policy, bound, run_id, systems, rows, as_of)
    if not bound.frozen:
        keeping = _KEEPING[rule.stage]
        for statement in (*([_KEEP_UNKNOWN] if rule.absent_from else []), keeping.thing, keeping.sight):
            connection.execute(text(statement), facts)
    return RunResult(run_id, rule.id, systems, "frozen" if bound.frozen else "ran", rows, unknown)


def _produce(connection: Connection, bound: Bound, facts: dict[str, Any]) -> int:
    """Run the SELECT into the temporary table ``product``, unknown subjects set apart; returns the number of keys."""
    connection.execute(text("DROP TABLE IF EXISTS product, apart"))
    # A rule reads whole months: a wrong estimate of their size must cost seconds, not hours.
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    connection.execute(text(f"CREATE TEMP TABLE product ON COMMIT DROP AS\n{bound.statement}"), facts)
    if bound.rule.absent_from:
        for statement in _SET_APART:
            connection.execute(text(statement), facts)
    connection.execute(text("ALTER TABLE product ADD key text"))
    connection.execute(text(f"UPDATE product SET key = {_KEEPING[bound.rule.stage].key}"), facts)
    return connection.execute(text("SELECT count(DISTINCT key) FROM product")).scalar_one()


def identity(connection: Connection, policy: PolicySet, bound: Bound) -> str:
    """The hash of everything that decides what the rule will find."""
    thresholds = {name: bound.parameters[name] for name in bound.rule.parameters}
    derived = {r.produces: r.hash for r in policy.of_stage("derive") if r.produces in bound.datasets.values()}
    inputs = {alias: sorted(s.submission_id for s in found) for alias, found in bound.inputs.items()}
    links = connection.execute(text("SELECT person_id, same_as FROM identity.person_link ORDER BY 1")).all()
    candidates = connection.execute(
        text("SELECT DISTINCT person_id FROM identity.candidate WHERE submission_id = ANY(:ids) ORDER BY 1"),
        {"ids": ledger.origins(connection, _submission_ids(bound, bound.rule.absent_from))},
    ).scalars().all()  # fmt: skip
    return digest(policy.hub, bound.rule.id, bound.rule.hash, derived, bound.datasets, bound.parameters["period"],
                  inputs, thresholds, [tuple(link) for link in links], list(candidates), bound.frozen)  # fmt: skip


def _record(
    connection: Connection, policy: PolicySet, bound: Bound, run_id: str, systems: tuple[str, ...], rows: int,
    as_of: datetime,
) -> None:  # fmt: skip
    rule = bound.rule
    ledger.record(connection, tables.run, {
        "run_id": run_id, "hub": policy.hub, "stage": rule.stage, "rule": rule.id, "rule_hash": rule.hash,
        "period": bound.parameters["period"], "systems": list(systems), "severity": rule.severity,
        "status": "frozen" if bound.frozen else "ran", "reason": bound.frozen,
        "parameters": {name: bound.parameters[name] for name in rule.parameters}, "rows": rows,
        "policy_hash": policy.hash, "recorded_as_of": as_of,
    })  # fmt: skip
    ledger.record(connection, tables.run_input, *(
        {"run_id": run_id, "alias": alias, "submission_id": s.submission_id}
        for alias, found in bound.inputs.items() for s in found
    ))  # fmt: skip


def _systems(bound: Bound) -> tuple[str, ...]:
    rule = bound.rule
    aliases = (rule.system_a, rule.system_b) if rule.stage == "compare" else (rule.source,)
    return tuple(bound.datasets[alias] for alias in aliases if alias)


def _submission_ids(bound: Bound, alias: str | None) -> list[int]:
    return [
        s.submission_id for name, found in bound.inputs.items() if alias and name.split("/")[0] == alias for s in found
    ]
