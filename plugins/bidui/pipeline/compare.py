"""Comparing and screening a month: which rules there are to run, and one rule's run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bidui.domain.period import Period
from bidui.identity import candidates
from bidui.pipeline.office import Office
from bidui.policy.rule import Read
from bidui.rules import running
from bidui.rules.binding import Binder
from bidui.rules.running import RunResult
from bidui.store import ledger
from bidui.store.database import Role
from bidui.store.failpoints import reached


@dataclass(frozen=True)
class Task:
    """One rule bound to the datasets that it is to read."""

    rule: str
    datasets: dict[str, str]

    @property
    def label(self) -> str:
        """Name for people: the rule, and the datasets where they leave a choice."""
        return f"{self.rule} ({', '.join(sorted(set(self.datasets.values())))})"


def match(office: Office, period: str, as_of: datetime) -> int:
    """Look again for the persons that unsettled rows may mean, now that all files are in; counts new candidates."""
    month = Period.parse(period)
    with office.database.begin(Role.INTAKE) as connection:
        binder = Binder(connection, office.policy, month, as_of)
        ids = [s.submission_id for contract in office.policy.at(month).contracts.values() if contract.column("subject")
               for s in binder.submissions(contract, Read(dataset=contract.id))]  # fmt: skip
        return candidates.find(connection, ledger.origins(connection, ids))


def tasks(office: Office, period: str, as_of: datetime) -> list[Task]:
    """Every compare and screen rule that is switched on, once for each binding of its roles."""
    with office.database.begin(Role.COMPARE) as connection:
        binder = Binder(connection, office.policy, Period.parse(period), as_of)
        rules = [*office.policy.of_stage("compare"), *office.policy.of_stage("screen")]
        return [Task(rule.id, datasets) for rule in rules for datasets in binder.instances(rule)]


def compare(office: Office, period: str, as_of: datetime, task: Task) -> RunResult:
    """Run one rule for a month as known at ``as_of``; the same inputs are a no-op."""
    with office.database.begin(Role.COMPARE) as connection:
        ledger.lock(connection, "run", office.policy.hub, period, task.rule)
        binder = Binder(connection, office.policy, Period.parse(period), as_of)
        bound = binder.bind(office.policy.rules[task.rule], task.datasets)
        result = running.run(connection, office.policy, bound, as_of)
        reached("compare.before_commit")
        return result
