"""Concluding a month's comparison: one transaction that makes the round, its leads and its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from bidui.casework import closing
from bidui.domain.period import Period
from bidui.domain.working_days import Due
from bidui.pipeline import compare
from bidui.pipeline.office import Office
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule
from bidui.rules.binding import Binder
from bidui.store.database import Role
from bidui.store.failpoints import reached


@dataclass(frozen=True)
class Concluded:
    """Counts of one conclusion."""

    period: str
    round: int
    new: bool
    leads: int
    findings: int
    agreed: int
    frozen: tuple[str, ...]


def close(office: Office, period: str, as_of: datetime) -> Concluded:
    """The whole comparison of a month, one rule after another."""
    compare.match(office, period, as_of)
    runs = [compare.compare(office, period, as_of, task).run_id for task in compare.tasks(office, period, as_of)]
    return conclude(office, period, as_of, runs)


def conclude(office: Office, period: str, as_of: datetime, runs: Sequence[str]) -> Concluded:
    """Make the round of these runs: leads merged by household, cases opened, convergence settled.

    Repeating it changes nothing.
    """
    with office.database.begin(Role.COMPARE) as connection:
        now = closing.open_round(connection, office.policy.hub, period, runs, office.policy.hash, as_of)
        frozen = connection.execute(
            text("SELECT rule FROM core.run WHERE run_id = ANY(:runs) AND status = 'frozen' ORDER BY rule"),
            {"runs": list(runs)},
        ).scalars().all()  # fmt: skip
        if not now.new:
            return Concluded(period, now.round, False, 0, 0, 0, tuple(frozen))
        leads = _leads(office, connection, now, runs, as_of)
        owners = _owners(office.policy.at(Period.parse(period)), office.today(as_of))
        findings = closing.open_findings(connection, now, owners, due_on(office, "correction", as_of), as_of)
        agreed = closing.converge(connection, now, as_of)
        reached("conclude.before_commit")
        return Concluded(period, now.round, True, leads, findings, agreed, tuple(frozen))


def _leads(office: Office, connection: Connection, now: closing.Round, runs: Sequence[str], as_of: datetime) -> int:
    binder = Binder(connection, office.policy, Period.parse(now.period), as_of)
    # As for every rule over whole months (docs/adr/0003): this round's signals have no statistics yet.
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    merged: list[closing.Merged] = []
    for rule in office.policy.of_stage("lead"):
        for datasets in binder.instances(rule):
            for row in binder.bind(rule, datasets, runs=list(runs)).rows(connection):
                merged.append(
                    closing.Merged(**{**row, "causes": tuple(row["causes"]), "signals": tuple(row["signals"])})
                )
    seen = connection.execute(
        text("SELECT signal_key, min(run_id) FROM core.signal_seen WHERE run_id = ANY(:runs) GROUP BY signal_key"),
        {"runs": list(runs)},
    ).all()
    levels = {level: due_on(office, f"visit_{level}", as_of) for level in office.policy.codes["level"].codes}
    visits = office.policy.visiting
    owner = office.policy.party_on(visits.party, office.today(as_of))
    offices = {m.region: office.policy.region_above(m.region, visits.level or "") for m in merged}
    return closing.open_leads(connection, now, merged, dict(map(tuple, seen)), levels, owner, offices, as_of)


def due_on(office: Office, name: str, as_of: datetime) -> Due:
    """The last day of the deadline ``name`` that starts at ``as_of``."""
    term = office.policy.profile.deadlines[name]
    today = office.today(as_of)
    return office.policy.calendar.due(today, term.on(today), term.calendar)


def _owners(policy: PolicySet, day: date) -> dict[tuple[str, str, str], str]:
    """(kind of finding, system a, system b) → party that is asked to mend on ``day``: who errs mends (SQ-17)."""
    owners = {}
    for rule in policy.of_stage("compare"):
        for a in _datasets(policy, rule, rule.system_a):
            for b in _datasets(policy, rule, rule.system_b):
                asked = a if rule.owner == rule.system_a else b
                owners[rule.finds or "", a, b] = policy.party_on(_party(policy, asked), day)
    return owners


def _datasets(policy: PolicySet, rule: Rule, alias: str | None) -> list[str]:
    return policy.bound_to(rule.reads[alias or ""])


def _party(policy: PolicySet, dataset: str) -> str:
    """The party of a dataset; of a derived one, that of the first dataset it is made from."""
    contract = policy.ever.get(dataset)
    if contract:
        return contract.party
    derived = policy.derived(dataset)
    assert derived is not None
    return _party(policy, next(read.dataset for read in derived.reads.values() if read.dataset))
