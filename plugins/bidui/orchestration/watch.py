"""The watcher: looks at the roads, registers what arrived and starts its run in Airflow.

It runs outside Airflow (``python -m bidui watch``) with the least role that may start ``receive_<party>``. A run that
is already there (409) is as good as one just started, so that nothing is lost or doubled by a restart at any point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from bidui.orchestration import clock
from bidui.pipeline import roads
from bidui.pipeline.arrive import Arrival, arrive
from bidui.pipeline.office import Office

LOGIN = "watcher"
_PATIENCE = 30
_RENEW_EARLY = 60.0
_TOKEN_LIFE = 3600.0


class Runs:
    """Starts runs over Airflow's REST API, with a token that is renewed before it ends."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url, self._login, self._password = url.rstrip("/"), login, password
        self._session = requests.Session()
        self._session.trust_env = False
        self._renew_at = 0.0

    def start(self, arrival: Arrival) -> bool:
        """Start the run that receives an arrival; False when it is there already."""
        if time.monotonic() >= self._renew_at:
            self._renew()
        answer = self._post(arrival)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._renew()
            answer = self._post(arrival)
        if answer.status_code == HTTPStatus.CONFLICT:
            return False
        answer.raise_for_status()
        return True

    def _post(self, arrival: Arrival) -> requests.Response:
        body: dict[str, Any] = {
            "dag_run_id": arrival.run_key, "partition_key": arrival.period, "logical_date": None,
            "conf": {"arrival_id": arrival.arrival_id},
        }  # fmt: skip
        return self._session.post(
            f"{self._url}/api/v2/dags/receive_{arrival.party}/dagRuns", json=body, timeout=_PATIENCE
        )

    def _renew(self) -> None:
        answer = self._session.post(
            f"{self._url}/auth/token", json={"username": self._login, "password": self._password}, timeout=_PATIENCE
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._renew_at = time.monotonic() + _TOKEN_LIFE - _RENEW_EARLY


def look(
    office: Office, start: Callable[[Arrival], bool], seen: dict[Path, tuple[int, int]], say: Callable[[str], None]
) -> int:
    """One look at every road; returns how many arrivals were taken charge of."""
    as_of, taken = clock.now(), 0
    for batch in [*roads.folder(office, seen, as_of), *roads.mails(office, as_of)]:
        for found in batch.files:
            arrival = arrive(office, found.data, found.name, found.origin, found.dataset, as_of)
            start(arrival)
            say(f"{arrival.party}: {arrival.run_key}")
            taken += 1
        if batch.stranger:
            say("mail from an address not on record: set aside")
        roads.take_away(office, batch)
    return taken


def watch(office: Office, runs: Runs, every: float, say: Callable[[str], None]) -> None:
    """Look again and again until stopped. A look that fails is said by the class of its fault and tried again."""
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        try:
            look(office, runs.start, seen, say)
        except Exception as fault:  # the watcher outlives a database or server that is away
            say(f"a look failed ({type(fault).__name__}); looking again")
        time.sleep(every)
