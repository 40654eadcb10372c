"""The hub's control room in Airflow: runs are started and watched by the engineer, approvals given by their owners."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from demo.office import Office
from demo.services.rest import Airflow

ENGINEER = "boss"
PREPARING = "deliver"
"""The task that prepares what is delivered."""


class AirflowRoom:
    """One hub's; each person has a login and a session of her own."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._sessions: dict[str, Airflow] = {}

    @cached_property
    def engineer(self) -> Airflow:
        """The engineer's session."""
        return self._login(ENGINEER)

    def trigger(self, dag: str, run: str, *, period: str) -> None:
        """Start a run, as its timetable would by the real clock."""
        self.engineer.trigger(dag, run, period=period)

    def wait(self, dag: str, run: str, seconds: float) -> str:
        """The state in which the run ended."""
        return self.engineer.wait(dag, run, seconds)

    def runs(self, dag: str, *, period: str) -> list[dict[str, Any]]:
        """The runs of a DAG for a period, oldest first."""
        return self.engineer.runs(dag, period=period)

    def decide(self, dag: str, run: str, contact: str, *, approve: bool = True, remark: str = "") -> str:
        """A contact answers the question that a run asks; the end of that step."""
        return self._login(contact).decide(dag, run, approve=approve, remark=remark)

    def anew(self, dag: str, run: str) -> None:
        """Prepare once more what was rejected, in the same run."""
        self.engineer.wait(dag, run)
        self.engineer.clear(dag, run, PREPARING)

    def _login(self, name: str) -> Airflow:
        if name not in self._sessions:
            self._sessions[name] = Airflow.of(self._office, name)
        return self._sessions[name]
