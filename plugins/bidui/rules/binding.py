"""Binding a rule's aliases to what is in force: the rule never sees submissions, time travel or the hub.

Each alias becomes a common table expression over the gated rows of the submissions in force. Freezing, lineage and the
identity of a run all follow from this one place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from bidui.domain.period import Period
from bidui.policy import permission
from bidui.policy.contract import Contract
from bidui.policy.physical import definition
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import OUTPUT, Read, Rule
from bidui.rules import versions
from bidui.store.ledger import Submission, in_force

VIEWS: Mapping[str, str] = {
    "region": """SELECT r.code, r.name, r.level, r.parent FROM core.region r
        WHERE r.hub = :hub AND r.valid_from <= :last_day AND (r.valid_to IS NULL OR r.valid_to >= :last_day)""",
    "signal": """SELECT s.signal_key, s.cause, s.subject_type, s.subject, s.dataset, s.occurrence, s.first_period,
            v.amount, v.fact_date, v.row, v.run_id, r.severity, r.rule
        FROM core.signal_seen v JOIN core.signal s USING (signal_key) JOIN core.run r USING (run_id)
        WHERE v.run_id = ANY(:runs)""",
    "finding": """SELECT f.finding_key, f.kind, f.subject_type, f.subject, f.field, f.system_a, f.system_b,
            f.discriminator, f.first_period, v.value_a, v.value_b, v.row_a, v.row_b, v.run_id, r.rule, r.period
        FROM core.finding_seen v JOIN core.finding f USING (finding_key) JOIN core.run r USING (run_id)
        WHERE v.run_id = ANY(:runs)""",
    "lead": """SELECT l.lead_id, l.lead_no, l.household_id, l.period, l.round, l.region, l.level, l.causes,
            coalesce(n.due, l.due) AS due, k.signal_key, k.run_id
        FROM core.lead l JOIN core.lead_signal k USING (lead_id) LEFT JOIN (
            SELECT DISTINCT ON (c.lead_id) c.lead_id, d.due FROM core.case_due d JOIN core."case" c USING (case_id)
            WHERE c.kind = 'lead' AND d.recorded_as_of <= :as_of
            ORDER BY c.lead_id, d.recorded_as_of DESC, d.provisional
        ) n USING (lead_id)
        WHERE l.hub = :hub AND l.recorded_as_of <= :as_of""",
    "case": """SELECT c.case_id, c.hub, c.kind, c.lead_id, c.finding_key,
            coalesce(CAST(:successors AS jsonb)->>c.owner_party, c.owner_party) AS owner_party, c.owner_region,
            c.opened_period, coalesce(n.due, c.due) AS due, c.recorded_as_of, f.kind AS finding_kind, e.event AS state,
            e.value AS outcome, e.recorded_as_of AS state_as_of
        FROM core."case" c LEFT JOIN core.finding f USING (hub, finding_key)
        LEFT JOIN LATERAL (
            SELECT e.* FROM core.case_event e WHERE e.case_id = c.case_id AND e.recorded_as_of <= :as_of
            ORDER BY (e.event <> 'unanswered') DESC, e.recorded_as_of DESC, e.event_id LIMIT 1
        ) e ON true
        LEFT JOIN (
            SELECT DISTINCT ON (d.case_id) d.case_id, d.due FROM core.case_due d WHERE d.recorded_as_of <= :as_of
            ORDER BY d.case_id, d.recorded_as_of DESC, d.provisional
        ) n ON n.case_id = c.case_id
        WHERE c.hub = :hub AND c.recorded_as_of <= :as_of""",
    "submission": "SELECT s.* FROM core.submission s WHERE s.hub = :hub AND s.recorded_as_of <= :as_of",
    "run": "SELECT r.* FROM core.run r WHERE r.run_id = ANY(:runs)",
    "unknown": """SELECT u.*, r.rule, r.period FROM core.unknown u JOIN core.run r USING (run_id)
        WHERE u.run_id = ANY(:runs)""",
    "arrival": """SELECT a.*, p.form, p.bytes FROM core.arrival a JOIN core.package p USING (package_hash)
        WHERE a.hub = :hub AND a.arrived_at <= :as_of""",
    "intake": """SELECT i.*, a.party, a.dataset, a.channel, a.arrived_at
        FROM core.intake i JOIN core.arrival a USING (arrival_id)
        WHERE a.hub = :hub AND i.recorded_as_of <= :as_of""",
    "issue": """SELECT q.*, a.party, a.dataset FROM core.row_issue q JOIN core.arrival a USING (arrival_id)
        WHERE a.hub = :hub AND a.arrived_at <= :as_of""",
    "name_variant": "SELECT v.name_a, v.name_b, v.reason FROM identity.name_variant v",
    "word": """SELECT w.* FROM jsonb_to_recordset(CAST(:words AS jsonb))
        AS w(list text, code text, label text, advice text, about jsonb)""",
    "due": """SELECT d.* FROM jsonb_to_recordset(CAST(:parts AS jsonb)) AS d(dataset text, period text, scope text)""",
    "delivery_row": """SELECT r.*, d.recipe, d.recipient, d.period
        FROM out.delivery_row r JOIN out.delivery d USING (delivery_id)
        WHERE d.hub = :hub AND d.recorded_as_of <= :as_of""",
    "closing": "SELECT c.* FROM core.closing c WHERE c.hub = :hub AND c.recorded_as_of <= :as_of",
    "delivery": "SELECT d.* FROM out.delivery d WHERE d.hub = :hub AND d.recorded_as_of <= :as_of",
    "snapshot": """SELECT s.period, t.* FROM core.snapshot s JOIN core.snapshot_taken t USING (snapshot_id)
        WHERE s.hub = :hub AND t.recorded_as_of <= :as_of""",
    "drill": """SELECT d.* FROM core.restore_drill d JOIN core.snapshot s USING (snapshot_id)
        WHERE s.hub = :hub AND d.recorded_as_of <= :as_of""",
    "need": """SELECT n.*, a.decision, a.reason, a.said, a.fields AS granted, a.decided_by, a.answered_on
        FROM core.need n LEFT JOIN core.need_answer a ON a.need_id = n.need_id AND a.recorded_as_of <= :as_of
        WHERE n.hub = :hub AND n.recorded_as_of <= :as_of""",
    "document": """SELECT t.* FROM out.document t JOIN out.delivery d USING (delivery_id)
        WHERE d.hub = :hub AND d.recorded_as_of <= :as_of""",
}
"""The published views, as they stand at (hub, period, as_of); ``:runs`` are the runs in force for the period."""


@dataclass(frozen=True)
class Bound:
    """A rule with its aliases bound: what it will read, and whether it may run."""

    rule: Rule
    datasets: dict[str, str]
    """Alias → dataset that it stands for."""
    inputs: dict[str, list[Submission]]
    """Alias (or ``alias/base``, for a derived dataset) → submissions."""
    ctes: list[str]
    parameters: dict[str, Any]
    frozen: dict[str, str] = field(default_factory=dict)
    """Dataset → why the rule cannot speak this period; empty when it can."""

    @property
    def statement(self) -> str:
        """The rule's SELECT with its aliases, giving just the columns that its stage asks for (all, for a report)."""
        ctes = ",\n".join([*self.ctes, f"result AS (\n{self.rule.sql}\n)"])
        return f"WITH {ctes}\nSELECT {', '.join(OUTPUT.get(self.rule.stage, ['*']))} FROM result"

    def rows(self, connection: Connection) -> list[dict[str, Any]]:
        """What the rule gives, as it stands."""
        return [dict(row) for row in connection.execute(text(self.statement), self.parameters).mappings()]


class Binder:
    """Binds rules for one (hub, period, as_of)."""

    def __init__(self, connection: Connection, policy: PolicySet, period: Period, as_of: datetime) -> None:
        self.connection = connection
        self.policy = policy.at(period)
        self.whole = policy
        """With the versions of other periods, and drafts."""
        self.period = period
        self.as_of = as_of
        self.today = as_of.astimezone(ZoneInfo(policy.profile.time_zone)).date()
        self.linked = bool(connection.execute(text("SELECT EXISTS (SELECT FROM identity.person_link)")).scalar())

    def instances(self, rule: Rule) -> list[dict[str, str]]:
        """One binding of aliases to dataset ids per combination of the datasets that play the roles read.

        Aliases in one role speak of one dataset: this month's list is compared with its own of last month. An alias
        that takes all of a role together leaves no choice.
        """
        reads = {alias: read for alias, read in rule.reads.items() if not read.view and not read.together}
        choices: dict[str, list[str]] = {}
        for read in reads.values():
            known, able = read.role or read.dataset or "", self.policy.bound_to(read)
            choices[known] = [dataset for dataset in choices.get(known, able) if dataset in able]
        picked = (dict(zip(choices, combination, strict=True)) for combination in product(*choices.values()))
        return [{alias: one[read.role or read.dataset or ""] for alias, read in reads.items()} for one in picked]

    def bind(
        self, rule: Rule, datasets: dict[str, str], *, only: Mapping[str, list[int]] | None = None,
        parameters: Mapping[str, Any] | None = None, runs: list[str] | None = None,
    ) -> Bound:  # fmt: skip
        """Bind ``rule``; ``only`` fixes an alias to given submissions (settling), ``runs`` are what views show."""
        values: dict[str, Any] = {
            "hub": self.policy.hub, "period": str(self.period), "first_day": self.period.first_day,
            "last_day": self.period.last_day, "as_of": self.as_of, "runs": runs or [],
            "months": [str(month) for month in self.period.each_month()],
            "successors": json.dumps(self.policy.successors(self.today)),
            **{name: self._threshold(name) for name in rule.parameters},
            **(parameters or {}),
        }  # fmt: skip
        bound = Bound(rule, datasets, {}, [], values)
        for alias, read in rule.reads.items():
            if read.view:
                said = VIEWS[read.view]
            elif read.together:
                said = self._together(bound, alias, read)
            else:
                said = self._dataset(bound, alias, datasets[alias], read, (only or {}).get(alias))
            bound.ctes.append(f'"{alias}" AS NOT MATERIALIZED (\n{said}\n)')
        return bound

    def _threshold(self, name: str) -> Any:
        """A threshold as SQL takes it: a list of codes is an array."""
        value = self.policy.threshold(name, self.period.last_day)
        return list(value) if isinstance(value, tuple) else value

    def _together(self, bound: Bound, alias: str, read: Read) -> str:
        """The rows of every dataset that plays the role, one under the other, with the columns asked for.

        What is given for other uses is left out; when nothing else plays the role, the rule is frozen.
        """
        playing = self.policy.bound_to(read)
        open_ = [dataset for dataset in playing if not self._closed(bound.rule, dataset)]
        if playing and not open_:
            bound.frozen.update(dict.fromkeys(playing, permission.PURPOSE))
        shown = ", ".join(f'"{column}"' for column in ("person_id", *read.columns, "row"))
        parts = [
            f"SELECT {shown} FROM (\n{self._dataset(bound, f'{alias}/{dataset}', dataset, read, None)}\n) part"  # noqa: S608
            for dataset in open_
        ]
        return "\nUNION ALL\n".join(parts) or self._nothing(read)

    def _nothing(self, read: Read) -> str:
        """No row, in the columns that the catalogue says; what nobody gives here may still be asked for."""
        known = [definition(c) for c in self.whole.all_contracts if read.role in c.roles]
        types = next(columns for columns in known if columns.keys() >= set(read.columns))
        asked = ", ".join(f'CAST(NULL AS {types[column]}) AS "{column}"' for column in read.columns)
        return f"SELECT CAST(NULL AS bigint) AS person_id, {asked}, CAST(NULL AS jsonb) AS row WHERE false"

    def _dataset(self, bound: Bound, alias: str, dataset: str, read: Read, fixed: list[int] | None) -> str:
        derived = self.policy.derived(dataset)
        if derived is None:
            contract = self.whole.contract_for(dataset, self.period.shift(-read.previous))
            return self._rows(bound, alias, contract, read, fixed)
        inner = []
        for base, base_read in derived.reads.items():
            if base_read.view:
                inner.append(f'"{base}" AS NOT MATERIALIZED ({VIEWS[base_read.view]})')
                continue
            assert base_read.dataset is not None
            as_read = read.model_copy(update={"dataset": base_read.dataset, "role": None})
            rows = self._dataset(bound, f"{alias}/{base}", base_read.dataset, as_read, fixed)
            inner.append(f'"{base}" AS NOT MATERIALIZED (\n{rows}\n)')
        return f"WITH {', '.join(inner)}\n{derived.sql}"

    def _rows(self, bound: Bound, alias: str, contract: Contract, read: Read, fixed: list[int] | None) -> str:
        name, received = "submissions__" + re.sub(r"\W", "__", alias), []
        if self._closed(bound.rule, contract.id):
            ids, bound.frozen[contract.id] = [], permission.PURPOSE
        elif fixed is None:
            submissions = self.submissions(contract, read)
            bound.inputs[alias] = submissions
            ids, received = [s.submission_id for s in submissions], [s.contract_version for s in submissions]
            if reason := self._cannot_speak(bound.rule, alias, contract, read, submissions):
                bound.frozen[contract.id] = reason
        else:
            ids = fixed
        bound.parameters[name] = ids
        person = "coalesce(link.same_as, d.person_id) AS person_id" if self.linked else "d.person_id"
        join = "LEFT JOIN identity.person_link link ON link.person_id = d.person_id" if self.linked else ""
        wanted = versions.columns((contract, *self.whole.stated(contract.id)))
        wanted = {column: kind for column, kind in wanted.items() if column not in {"hub", "person_id"}}
        return "\nUNION ALL\n".join(
            f"SELECT {person}, {', '.join(versions.shown(wanted, there))},\n"
            f"    jsonb_build_object('dataset', '{contract.id}', 'submission', d.origin::text, 'row', d.row_no)"
            " AS row\n"
            f'FROM data."{table}" d {join}\n'
            f"WHERE d.hub = :hub AND d.submission_id = ANY(:{name})"
            f" AND d.person_id {'<' if read.unresolved else '>='} 0"
            for table, there in versions.tables(contract, self.whole.versions(contract.id), received).items()
        )

    def _closed(self, rule: Rule, dataset: str) -> bool:
        """Whether a dataset is given for other uses than the rule's; a rule that states none is of no use by itself."""
        return bool(rule.use and permission.closed(self.policy, rule.use, dataset))

    def submissions(self, contract: Contract, read: Read) -> list[Submission]:
        """The submissions in force for what is read: still valid ones when the period itself has none.

        Data come by the month: of a longer period, its last month speaks.
        """
        newest = self.period.shift(-read.previous).each_month()[-1]
        if read.months == 1:
            return self._newest(contract, newest)
        months = [[str(newest.shift(-back))] for back in range(read.months)]
        return [
            s for month in months for s in in_force(self.connection, self.policy.hub, contract.id, month, self.as_of)
        ]

    def _newest(self, contract: Contract, period: Period) -> list[Submission]:
        valid = [str(period.shift(-back)) for back in range(contract.validity_months)]
        return in_force(self.connection, self.policy.hub, contract.id, valid, self.as_of)

    def _cannot_speak(
        self, rule: Rule, alias: str, contract: Contract, read: Read, submissions: list[Submission]
    ) -> str | None:
        """Why the rule is frozen, by what this alias reads: a code of dictionary ``reason``, perhaps after a number.

        Absence needs a complete submission. It and every comparison of two systems need all scopes: what a missing
        scope would have said may be just what was found before, and must not seem settled.
        """
        if not submissions:
            return "no earlier submission in force" if read.previous else "no submission in force"
        outer = alias.split("/")[0]
        absent, compared = rule.absent_from == outer, outer in {rule.system_a, rule.system_b}
        if absent and not all(s.complete or s.kind == "nil" for s in submissions):
            return "submission not complete"
        if absent or compared:
            wanted = self.policy.parts_of(contract.id, self.period.last_day).keys()
            if missing := wanted - {s.scope for s in submissions}:
                return f"{len(missing)} scopes missing"
        return None
