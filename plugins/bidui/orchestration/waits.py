"""Waiting for a dataset without a worker slot: until its submission is in, or the exchange window ends.

One mapped line per dataset shows in the grid who is missing::

    WaitForSubmission.partial(task_id="wait", map_index_template=LABEL, hub=…, period=…, window_end=…).expand(
        dataset=[…]
    )

A line is deferred while it waits, successful when its data are in, **skipped** when the window ended before; its label
then says how much is in. What comes after it needs ``trigger_rule="none_failed"``.

The trigger asks the clock and Postgres every few seconds. It survives a restart of the triggerer, a clock
file that is just being replaced and a database that is away for a while; the end of the window counts only
when the database has been asked after it. No address, password or row is ever logged: failures are named by
their class.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from bidui.orchestration import clock

LABEL = "{{ task.label }}"
"""``map_index_template`` of a mapped wait: the grid shows the dataset's id, already while it waits, and what came."""

POLL_SECONDS = 5.0
_ROLE = "compare"
_IN_FORCE = """
    SELECT DISTINCT scope FROM core.submission
    WHERE hub = %(hub)s AND dataset = %(dataset)s AND period = %(period)s
"""


class WaitForSubmission(BaseOperator):
    """Wait until ``dataset`` has a submission for ``period``, or ``window_end`` is reached.

    Args:
        hub: id of the hub.
        period: the period, ``2026-11``.
        dataset: id of the dataset, ``<party>.<name>``.
        window_end: ISO 8601 time with offset. It must not come from ``conf``: scheduled runs have none.
        scopes: dataset → regions or parties of which each hands in a part; without any, one submission is the whole.
            What the month's catalogue no longer has is not there, and not waited for.
        poll_seconds: how often to ask.

    Returns:
        ``{"dataset": …, "how": "in", "in": how many parts, "of": of how many, "at": the clock's time}``.

    Raises:
        AirflowSkipException: the window has ended and something is missing.
    """

    template_fields: Sequence[str] = ("hub", "period", "dataset", "window_end", "scopes")

    def __init__(
        self,
        *,
        hub: str,
        period: str,
        dataset: str,
        window_end: str,
        scopes: Mapping[str, Sequence[str]] | None = None,
        poll_seconds: float = POLL_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hub = hub
        self.period = period
        self.dataset = dataset
        self.window_end = window_end
        self.scopes = scopes or {}
        self.poll_seconds = poll_seconds
        self._came = ""

    @property
    def label(self) -> str:
        """What the grid calls the line: the dataset, in how many parts it comes; once the wait is over, what came."""
        parts = len(self.scopes.get(self.dataset, ()))
        return self.dataset + (self._came or (f" ×{parts}" if parts else ""))

    def execute(self, context: Any) -> Any:
        """Hand over to the trigger; a window end that is no time fails for good."""
        try:
            aware = datetime.fromisoformat(self.window_end).tzinfo is not None
        except (TypeError, ValueError):
            aware = False
        if not aware:
            raise AirflowFailException("window_end must be an ISO 8601 time with its offset")
        if self.scopes and self.dataset not in self.scopes:
            raise AirflowSkipException("this month's catalogue does not have the dataset")
        trigger = SubmissionTrigger(
            hub=self.hub, period=self.period, dataset=self.dataset, window_end=self.window_end,
            scopes=list(self.scopes.get(self.dataset, ())), poll_seconds=self.poll_seconds, clock_file=_clock_file(),
        )  # fmt: skip
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """What the trigger found is the result; a wait in vain ends skipped, so that the grid tells it from data."""
        self._came = f" {event['in']}/{event['of']}" if event["of"] > 1 else ""
        if event["how"] != "in":
            self._came += "（窗口结束未到齐）"
            raise AirflowSkipException(f"the window ended; {event['in']} of {event['of']} in")
        return event


class SubmissionTrigger(BaseTrigger):
    """Poll the clock and ``core.submission``; one event ends it. ``clock_file`` None means real time."""

    def __init__(
        self,
        *,
        hub: str,
        period: str,
        dataset: str,
        window_end: str,
        scopes: Sequence[str] = (),
        poll_seconds: float = POLL_SECONDS,
        clock_file: str | None = None,
    ) -> None:
        super().__init__()
        self.hub = hub
        self.period = period
        self.dataset = dataset
        self.window_end = window_end
        self.scopes = list(scopes)
        self.poll_seconds = poll_seconds
        self.clock_file = clock_file
        self._trouble = ""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Everything needed to go on elsewhere; nothing secret."""
        names = ("hub", "period", "dataset", "window_end", "scopes", "poll_seconds", "clock_file")
        return f"{type(self).__module__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield the one event."""
        end = datetime.fromisoformat(self.window_end)
        while True:
            # The clock first: what the database answers then holds for that time or a later one.
            now = await self._now()
            found = await self._scopes_in() if now is not None else None
            if now is not None and found is not None:
                self._trouble = ""
                there = len(found & set(self.scopes)) if self.scopes else min(len(found), 1)
                if there == self._parts:
                    yield self._event("in", there, now)
                    return
                if now >= end:
                    yield self._event("window end", there, now)
                    return
            await asyncio.sleep(self.poll_seconds)

    @property
    def _parts(self) -> int:
        return len(self.scopes) or 1

    def _event(self, how: str, there: int, now: datetime) -> TriggerEvent:
        told = {"dataset": self.dataset, "how": how, "in": there, "of": self._parts, "at": now.isoformat()}
        return TriggerEvent(told)

    async def _now(self) -> datetime | None:
        """The hub's time; None while the clock file cannot be read."""
        if self.clock_file is None:
            return clock.now()
        try:
            return await asyncio.to_thread(clock.read, Path(self.clock_file))
        except clock.ClockError as error:
            self._say("the clock cannot be read", error)
            return None

    async def _scopes_in(self) -> set[str] | None:
        """The scopes that are in; None while the database cannot be asked."""
        try:
            import psycopg

            arguments = await asyncio.to_thread(_connection_arguments)
            connection = await psycopg.AsyncConnection.connect(**arguments, autocommit=True)
            async with connection:
                asked = {"hub": self.hub, "dataset": self.dataset, "period": self.period}
                answer = await connection.execute(_IN_FORCE, asked)
                return {str(scope) for (scope,) in await answer.fetchall()}
        except Exception as error:  # its text may name the server or a value; only its class is said
            self._say("the database cannot be asked", error)
            return None

    def _say(self, what: str, error: Exception) -> None:
        """Warn once per kind of trouble, not at every poll."""
        trouble = f"{what} ({type(error).__name__}); still waiting"
        if trouble != self._trouble:
            self._trouble = trouble
            self.log.warning("%s: %s", self.dataset, trouble)


def _clock_file() -> str | None:
    return str(clock.file()) if clock.simulated() else None


def _connection_arguments() -> dict[str, Any]:
    """Where and as whom to ask: ``BIDUI_DB`` is ``host:port/name``, the password a file in ``secrets``."""
    server, _, name = os.environ["BIDUI_DB"].partition("/")
    host, _, port = server.rpartition(":")
    password = (Path(os.environ["BIDUI_HOME"]) / "secrets" / f"db_{_ROLE}").read_text(encoding="utf-8").strip()
    return {
        "host": host, "port": int(port), "dbname": name, "user": f"bidui_{_ROLE}", "password": password,
        "connect_timeout": 5, "application_name": "bidui wait",
        "options": "-c statement_timeout=10000 -c timezone=UTC",
    }  # fmt: skip
