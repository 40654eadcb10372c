"""Playing a case on a real store: rows by the role that takes in, the rule by the role that compares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from bidui.casework import closing
from bidui.domain.keys import digest, number
from bidui.domain.names import Variants
from bidui.domain.period import Period
from bidui.domain.working_days import Due
from bidui.identity import tokens
from bidui.policy import physical
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.policy.rule import Rule
from bidui.rules import running
from bidui.rules.binding import Binder, Bound
from bidui.store import ledger, tables
from bidui.store.copying import copy_frame
from bidui.store.database import Database, Role
from tests.sql.case import Case, Row, Table

PLAIN = {"person": "person_id", "household": "household_id", "name": "name_id", "head_name": "head_name_id"}
"""Column of a case → column of the typed table that holds the token."""


@dataclass(frozen=True)
class Outcome:
    """What a rule came to, in the words of the case."""

    found: Table
    unknown: tuple[str, ...] = ()
    frozen: str | None = None


@dataclass
class Play:
    """One store on which cases are laid out."""

    store: Database
    policy: PolicySet
    as_of: datetime
    tokens: dict[str, dict[str, int]] = field(default_factory=lambda: {"person": {}, "household": {}, "name": {}})

    # -- what is given

    def lay_out(self, case: Case) -> None:
        """Write what the case gives."""
        rule = self.policy.rules[case.rule]
        bound_to = self.datasets(rule, case)
        views = {read.view: alias for alias, read in rule.reads.items() if read.view}
        rows = [row for given in (*case.given.values(), case.candidates) for row in given]
        with self.store.begin(Role.INTAKE) as connection:
            self.mint(connection, rows)
            for alias, contract in self.contracts(rule, bound_to).items():
                if alias in case.given:
                    submission = self.hand_in(connection, contract, case, alias)
                    for row in case.candidates:
                        if row["of"] == alias:
                            self.note_candidate(connection, submission, row)
        if regions := case.given.get(views.get("region", "")):
            always = {"hub": self.policy.hub, "name": "", "valid_from": date(2021, 1, 1), "valid_to": None}
            with self.store.begin(Role.OWNER) as connection:
                ledger.record(connection, tables.region, *({**always, **row} for row in regions))
        with self.store.begin(Role.COMPARE) as connection:
            self.signals(connection, case.given.get(views.get("signal", ""), []), case)
            self.leads(connection, case.given.get(views.get("lead", ""), []))

    def mint(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Give every label its token; equal labels mean the same thing."""
        given = list(rows)
        people, households, names = (
            [cell for row in given for key in keys if (cell := row.get(key))]
            for keys in (("person",), ("household",), ("name", "head_name"))
        )
        frame = pd.DataFrame({"id_number": people, "birth_date": None, "sex": None})
        variants = Variants.of((r["a"], r["b"], r["reason"]) for r in self.policy.table("name_variant"))
        system = self.policy.profile.numbering.system
        self.tokens["person"] |= tokens.persons(connection, frame, self.as_of).to_dict() if people else {}
        self.tokens["household"] |= tokens.households(connection, self.policy.hub, system, households).to_dict()
        self.tokens["name"] |= tokens.terms(connection, "name", names, variants).to_dict()

    def hand_in(self, connection: Connection, contract: Contract, case: Case, alias: str) -> int:
        """Submit and settle what a case gives for an alias, its months and scopes; returns the period's submission."""
        about = dict(case.submissions.get(alias, {}))
        own = str(Period.parse(case.period).shift(-self.policy.rules[case.rule].reads[alias].previous))
        about.setdefault("period", own)
        scopes = list(self.policy.parts_of(contract.id, Period.parse(case.period).last_day))
        others = scopes[1 : len(scopes) - about.pop("missing", 0)]
        if scopes:
            about.setdefault("scope", scopes[0])
        rows: dict[str, Table] = {about["period"]: []}
        for row in case.given[alias]:
            rows.setdefault(str(row.get("period") or about["period"]), []).append(
                {column: cell for column, cell in row.items() if column != "period"}
            )
        submissions = {period: self.submit(connection, contract, {**about, "period": period}) for period in rows}
        for period, table in rows.items():
            self.settle(connection, contract, submissions[period], table)
        for scope in others:
            self.submit(connection, contract, {**about, "scope": scope, "kind": "nil"})
        return submissions[about["period"]]

    def submit(self, connection: Connection, contract: Contract, about: dict[str, Any]) -> int:
        """Record a submission: complete and full, unless ``about`` says otherwise (fields of ``core.submission``)."""
        hub, key = self.policy.hub, digest(self.policy.hub, contract.id, sorted(about.items(), key=str))
        when = about.get("recorded_as_of", self.as_of)
        ledger.record_new(connection, tables.package, {
            "package_hash": key, "hub": hub, "bytes": 1, "form": "csv", "recorded_as_of": when})  # fmt: skip
        ledger.record_new(
            connection,
            tables.arrival,
            {
                "arrival_id": key,
                "hub": hub,
                "package_hash": key,
                "ordinal": 1,
                "channel": "folder",
                "party": contract.party,
                "contact": None,
                "dataset": contract.id,
                "period": about["period"],
                "arrived_at": when,
            },
        )
        submission = {
            "submission_id": number(key),
            "hub": hub,
            "dataset": contract.id,
            "contract_version": contract.version,
            "scope": hub,
            "kind": "full",
            "data_date": None,
            "arrival_id": key,
            "sheet": "",
            "rows_read": 0,
            "rows_accepted": 0,
            "rows_unresolved": 0,
            "rows_quarantined": 0,
            "complete": True,
            "late": False,
            "supersedes": None,
            "recorded_as_of": when,
            **about,
        }
        ledger.record(connection, tables.submission, submission)
        return int(submission["submission_id"])

    def settle(
        self, connection: Connection, contract: Contract, submission: int, rows: Table, origin: int | None = None
    ) -> None:
        """Write the rows of a submission into its typed table, as tokens."""
        made = []
        for ordinal, row in enumerate(rows, 1):
            typed: dict[str, Any] = {
                "hub": self.policy.hub,
                "submission_id": submission,
                "row_no": ordinal,
                "origin": origin or submission,
                "person_id": 0,
            }
            for column, cell in row.items():
                typed[PLAIN.get(column, column)] = self.token(column, cell)
            made.append(typed)
        frame = pd.DataFrame(made, dtype=object)
        if unknown := set(frame.columns) - physical.definition(contract).keys():
            raise ValueError(f"{contract.id} has no {', '.join(sorted(unknown))}")
        copy_frame(connection, f'data."{contract.table}"', frame)

    def token(self, column: str, cell: str | None) -> Any:
        """The token of a label; a cell of another column stays as it is."""
        kind = "name" if column == "head_name" else column
        return self.tokens[kind][cell] if cell and kind in self.tokens else cell

    def note_candidate(self, connection: Connection, submission: int, row: Row) -> None:
        """Note that some unsettled row of the submission may mean a person."""
        person = self.token("person", row["person"])
        ledger.record(
            connection,
            tables.candidate,
            {"submission_id": submission, "row_no": 1000 + person, "person_id": person, "reason": row["reason"]},
        )

    def signals(self, connection: Connection, rows: Table, case: Case) -> None:
        """Signals of the period, each seen by a run of its own; and those that only a lead names."""
        named = {key for row in case.given.get("lead", []) for key in str(row.get("signals") or "").split()}
        known = {row["key"] for row in rows}
        for row in [*rows, *({"key": key} for key in sorted(named - known))]:
            about = next(kind for kind in ("person", "household", "key") if row.get(kind))
            key, run_id = self.key(row["key"]), self.key("run", row["key"])
            ledger.record(
                connection,
                tables.run,
                {
                    "run_id": run_id,
                    "hub": self.policy.hub,
                    "stage": "screen",
                    "rule": "given" if row["key"] in known else "earlier",
                    "rule_hash": "",
                    "period": case.period,
                    "systems": [],
                    "severity": row.get("severity"),
                    "status": "ran",
                    "reason": {},
                    "parameters": {},
                    "rows": 1,
                    "policy_hash": "",
                    "recorded_as_of": self.as_of,
                },
            )
            ledger.record(
                connection,
                tables.signal,
                {
                    "signal_key": key,
                    "hub": self.policy.hub,
                    "cause": row.get("cause") or "",
                    "subject_type": about,
                    "subject": self.token(about, row[about]) if about != "key" else 0,
                    "dataset": "",
                    "occurrence": "",
                    "first_period": case.period,
                    "recorded_as_of": self.as_of,
                },
            )
            ledger.record(connection, tables.signal_seen, {"run_id": run_id, "signal_key": key})

    def key(self, *words: str | None) -> str:
        """A key of this hub's own."""
        return " ".join((self.policy.hub, *filter(None, words)))

    def leads(self, connection: Connection, rows: Table) -> None:
        """Leads opened before, with their cases, one round per period."""
        due = dict.fromkeys(("red", "orange", "yellow"), Due(date(2026, 12, 31), provisional=False))
        for period in sorted({str(row["period"]) for row in rows}):
            carried = {row["household"]: str(row["signals"]).split() for row in rows if row["period"] == period}
            merged = [
                closing.Merged(self.token("household", household), "", "yellow", (), tuple(map(self.key, keys)))
                for household, keys in carried.items()
            ]
            runs = {self.key(key): self.key("run", key) for keys in carried.values() for key in keys}
            now = closing.Round(self.policy.hub, period, 1, new=True)
            closing.open_leads(connection, now, merged, runs, due, "", {"": None}, self.as_of)

    # -- what the rule makes of it

    def datasets(self, rule: Rule, case: Case | None = None) -> dict[str, str]:
        """Alias → dataset, for the rule's first binding, or the first that a case asks for."""
        asked = (case.datasets if case else {}).items()
        with self.store.begin(Role.COMPARE) as connection:
            return next(bound for bound in self.binder(connection).instances(rule) if asked <= bound.items())

    def contracts(self, rule: Rule, bound_to: dict[str, str]) -> dict[str, Contract]:
        """Alias → contract whose rows it shows; for a derived dataset, the contract that it is made from."""
        found = {}
        for alias, dataset in bound_to.items():
            derived = self.policy.derived(dataset)
            base = next(read.dataset for read in derived.reads.values() if read.dataset) if derived else dataset
            found[alias] = self.policy.contracts[base or dataset]
        return found

    def binder(self, connection: Connection, period: str = "2026-11") -> Binder:
        """Binds rules for the period, as of the tests' day."""
        return Binder(connection, self.policy, Period.parse(period), self.as_of)

    def run(
        self, connection: Connection, rule: Rule, period: str, parameters: Any = None,
        datasets: dict[str, str] | None = None,
    ) -> tuple[running.RunResult, Bound]:  # fmt: skip
        """Run a rule of stage compare or screen, in its first binding unless told which."""
        binder = self.binder(connection, period)
        bound = binder.bind(rule, datasets or binder.instances(rule)[0], parameters=parameters)
        return running.run(connection, self.policy, bound, self.as_of), bound

    def outcome(self, case: Case) -> Outcome:
        """Run the case's rule on what is laid out."""
        rule = self.policy.rules[case.rule]
        with self.store.begin(Role.COMPARE if rule.stage != "settle" else Role.INTAKE) as connection:
            if rule.stage in {"lead", "settle"}:
                return Outcome(self._selected(connection, rule, case))
            result, bound = self.run(connection, rule, case.period, case.parameters, self.datasets(rule, case))
            frozen = next(iter(bound.frozen.values()), None)
            assert result.status == ("frozen" if frozen else "ran")
            found = self._kept(connection, rule, result.run_id)
            assert result.rows == len(found)
            unknown = connection.execute(
                text("SELECT subject FROM core.unknown WHERE run_id = :run ORDER BY 1"), {"run": result.run_id}
            ).scalars()
            return Outcome(found, tuple(self._label("person", subject) for subject in unknown), frozen)

    def _kept(self, connection: Connection, rule: Rule, run_id: str) -> Table:
        """The findings or signals that a run saw."""
        kind = {"compare": "finding", "screen": "signal"}[rule.stage]
        rows = connection.execute(
            text(f"SELECT * FROM core.{kind}_seen JOIN core.{kind} USING ({kind}_key) WHERE run_id = :run"),
            {"run": run_id},
        ).mappings()
        return [_worded({**row, "subject": self._label(rule.subject, row["subject"])}) for row in rows]

    def _selected(self, connection: Connection, rule: Rule, case: Case) -> Table:
        """The rows that a lead or settling rule selects."""
        binder = self.binder(connection, case.period)
        bound_to = binder.instances(rule)[0]
        own = {"hub": self.policy.hub}
        runs = (
            connection.execute(text("SELECT run_id FROM core.run WHERE hub = :hub AND rule = 'given'"), own)
            .scalars()
            .all()
        )
        only = None
        if rule.stage == "settle":
            settled = connection.execute(
                text("SELECT dataset, submission_id FROM core.submission WHERE hub = :hub"), own
            ).all()
            only = {
                alias: [row.submission_id for row in settled if row.dataset == dataset]
                for alias, dataset in bound_to.items()
            }
        bound = binder.bind(rule, bound_to, only=only, runs=list(runs))
        rows = bound.rows(connection)
        numbers = dict(
            map(
                tuple,
                connection.execute(
                    text('SELECT c.case_id, l.lead_no FROM core."case" c JOIN core.lead l USING (lead_id)')
                ).all(),
            )
        )
        for row in rows:
            row["household"] = self._label("household", row.get("household_id"))
            row["case"] = numbers.get(row.get("case_id"))
            row["signals"] = [key.removeprefix(f"{self.policy.hub} ") for key in row.get("signals", ())]
        return [_worded(row) for row in rows]

    def _label(self, kind: str, token: Any) -> str:
        return next((label for label, known in self.tokens[kind].items() if known == token), str(token))


def _worded(row: dict[str, Any]) -> Row:
    """A row as the case's tables write it: rows by their number, lists with spaces."""
    return {key: _cell(value) for key, value in row.items()}


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return str(value["row"])
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
