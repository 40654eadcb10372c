"""The hub's control room without Airflow: what its DAGs call, called in the same order in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from bidui.orchestration import clock
from bidui.orchestration.watch import look
from bidui.pipeline import approve as approving
from bidui.pipeline import conclude, deliver, follow_up
from bidui.pipeline.arrive import Arrival
from bidui.pipeline.conclude import Concluded
from bidui.pipeline.office import Office as Hub
from bidui.pipeline.receive import Received, receive
from bidui.pipeline.send import send
from bidui.policy.recipe import Moment


@dataclass
class ControlRoom:
    """One hub's; what it has done so far stays to be looked at."""

    hub: Hub
    received: list[Received] = field(default_factory=list)
    rounds: list[Concluded] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    closed: Callable[[], None] = lambda: None
    """Called after each round."""
    _asked: dict[str, str] = field(default_factory=dict)
    """Run → its period."""
    _delivered: dict[str, dict[str, Moment]] = field(default_factory=dict)
    """Period → the runs that delivered something about it, and which moment called for it."""
    _senders: dict[str, str] = field(default_factory=dict)
    """Arrival → party."""

    @property
    def now(self) -> datetime:
        """The hub's time."""
        return clock.read(self.hub.home / clock.FILE)

    def trigger(self, _dag: str, run: str, *, period: str) -> None:
        """Remember what the run is about; it happens when somebody waits for it."""
        self._asked[run] = period

    def wait(self, dag: str, run: str, _patience: float) -> str:
        """Do what the DAG does."""
        period, now = self._asked.get(run, ""), self.now
        match dag:
            case "month_open":
                self._deliver("open", period, run)
            case "month_close":
                self.rounds.append(conclude.close(self.hub, period, now))
                self._deliver("close", period, run)
                self.closed()
            case "follow_up":
                follow_up.send_waiting(self.hub, now)
                follow_up.remind(self.hub, now)
        return "success"

    def runs(self, dag: str, *, period: str) -> list[dict[str, str]]:
        """The runs of a DAG for a period and how they ended; those that something else starts happen now."""
        match dag:
            case "deliver":
                return [{"dag_run_id": run, "state": "success"} for run in self._delivered.get(period, ())]
            case "quarter_close":
                if period not in self._delivered:
                    self._deliver("quarter", period, period)
                return [{"dag_run_id": period, "state": "success"}]
        self.take_in()
        party = dag.removeprefix("receive_")
        mine = [r for r in self.received if (self._senders[r.arrival_id], r.period) == (party, period)]
        return [{"state": "failed" if r.outcome == "refused" else "success"} for r in mine]

    def decide(self, _dag: str, run: str, contact: str, *, approve: bool = True, remark: str = "") -> str:
        """A contact decides on the delivery that waits, if one still does; approved by everybody, it leaves at once."""
        period = next(period for period, runs in self._delivered.items() if run in runs)
        delivery = next((found for found, _, about, _ in approving.waiting(self.hub) if about == period), None)
        if delivery is None:
            return "skipped"
        approving.ask(self.hub, delivery, self.now)
        decision: approving.Decision = "approved" if approve else "rejected"
        approving.approve(self.hub, delivery, contact, self.now, decision=decision, remark=remark)
        send(self.hub, delivery, self.now)
        return "success" if approve else "failed"

    def anew(self, _dag: str, run: str) -> None:
        """Prepare once more what was rejected."""
        period, moment = next((p, runs[run]) for p, runs in self._delivered.items() if run in runs)
        self._deliver(moment, period, run)

    def _deliver(self, moment: Moment, period: str, run: str) -> None:
        """What a moment calls for is prepared, and leaves as far as its approvals let it."""
        self._delivered.setdefault(period, {})[run] = moment
        for errand in deliver.errands(self.hub, moment, period, self.now):
            deliver.run(self.hub, errand, self.now)

    def take_in(self) -> list[Received]:
        """Look at the roads until nothing moves, receive what arrived and answer its sender."""
        found: list[Received] = []

        def begin(arrival: Arrival) -> bool:
            self._senders[arrival.arrival_id] = arrival.party
            found.append(receive(self.hub, arrival.arrival_id))
            deliver.reply(self.hub, arrival.arrival_id, self.now)
            return True

        seen: dict[Path, tuple[int, int]] = {}
        with patch.dict(os.environ, {"BIDUI_HOME": str(self.hub.home), clock.SIMULATED: "1"}):
            look(self.hub, begin, seen, self.said.append)
            look(self.hub, begin, seen, self.said.append)
        self.received += found
        return found
