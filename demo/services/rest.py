"""Airflow's REST API as the parties' side uses it: start a run, wait for its end, look at what happened.

The product's own watcher has a client of its own; this one serves the play and the tests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import requests

from demo.office import Office

ENDED = frozenset({"success", "failed"})
"""States of a run that will not change by themselves."""

DONE = frozenset({"success", "failed", "skipped", "upstream_failed"})
"""States of a task that will not change by themselves."""

SETTLED = 8.0
"""Seconds that a question is left alone before a program answers it."""

RENEW_BEFORE = 60.0
"""Seconds before a token's end at which a new one is fetched."""

TOKEN_LIFE = 3600.0
"""Seconds after which a token is renewed at the latest; the server's own life for it is longer."""


class RestError(Exception):
    """The server said no; the text holds method, path, status and the server's reason."""


class Airflow:
    """One login's session with the REST API."""

    def __init__(self, url: str, name: str, password: str) -> None:
        """``url`` without a path, such as ``http://127.0.0.1:18080``."""
        self.url = url
        self._login = {"username": name, "password": password}
        self._renew_at = 0.0
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no business on loopback

    @classmethod
    def of(cls, office: Office, name: str) -> Airflow:
        """The session of a login of this office."""
        return cls(f"http://127.0.0.1:{office.ports.web}", name, office.secret(f"login_{name}"))

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    # -- runs

    def trigger(
        self,
        dag: str,
        run: str,
        *,
        period: str | None = None,
        conf: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> bool:
        """Start a run under an id of ours; False if a run of that id is there: repeating is harmless."""
        body = {"dag_run_id": run, "logical_date": None, "conf": dict(conf or {}), "note": note}
        if period is not None:
            body["partition_key"] = period
        answer = self._send("POST", f"/dags/{dag}/dagRuns", body, also=HTTPStatus.CONFLICT)
        return answer.status_code != HTTPStatus.CONFLICT

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """One run as the API shows it: ``state``, ``partition_key``, ``start_date``, ``conf`` ...."""
        return self._read(f"/dags/{dag}/dagRuns/{run}")

    def wait(self, dag: str, run: str, seconds: float = 300.0, every: float = 0.5) -> str:
        """The state in which the run ended.

        Raises:
            TimeoutError: it did not end in time; the text holds its state and the states of its tasks.
        """
        deadline = time.monotonic() + seconds
        while (state := str(self.run(dag, run)["state"])) not in ENDED:
            if time.monotonic() > deadline:
                tasks = {task["task_id"]: task["state"] for task in self.tasks(dag, run)}
                raise TimeoutError(f"run {run} of {dag} is {state} after {seconds:.0f} s: {tasks}")
            time.sleep(every)
        return state

    def runs(self, dag: str = "~", *, period: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
        """The runs of a DAG (``~``: of all), those of one period or in one state only."""
        wanted = {"partition_key_pattern": period, "state": state, "order_by": "id"}
        return list(self._pages(f"/dags/{dag}/dagRuns", "dag_runs", wanted))

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The task instances of a run: ``task_id``, ``map_index``, ``state``, ``try_number`` ..."""
        return list(self._pages(f"/dags/{dag}/dagRuns/{run}/taskInstances", "task_instances", {}))

    def clear(self, dag: str, run: str, *tasks: str, downstream: bool = True) -> int:
        """Let these tasks of a run, and all after them, run once more; how many task instances that is."""
        body = {
            "dry_run": False, "dag_run_id": run, "task_ids": list(tasks), "include_downstream": downstream,
            "only_failed": False, "reset_dag_runs": True,
        }  # fmt: skip
        return int(self._send("POST", f"/dags/{dag}/clearTaskInstances", body).json()["total_entries"])

    # -- DAGs

    def await_dags(self, *dags: str, seconds: float = 60.0) -> None:
        """Wait until the DAG processor has taken in these DAGs.

        Raises:
            TimeoutError: with the import errors there are.
        """
        deadline = time.monotonic() + seconds
        while missing := set(dags) - set(self.dags()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no DAGs {sorted(missing)}; import errors: {self.import_errors()}")
            time.sleep(0.5)

    def dags(self) -> list[str]:
        """Ids of the DAGs that are taken in."""
        return [dag["dag_id"] for dag in self._pages("/dags", "dags", {"exclude_stale": "true"})]

    def import_errors(self) -> dict[str, str]:
        """DAG file → why it could not be taken in."""
        return {error["filename"]: error["stack_trace"] for error in self._pages("/importErrors", "import_errors", {})}

    # -- approvals

    def questions(self, *, open_only: bool = True) -> list[dict[str, Any]]:
        """The approvals asked for, with ``task_instance``, ``options`` and ``subject``."""
        wanted = {"response_received": "false"} if open_only else {}
        return list(self._pages("/dags/~/dagRuns/~/hitlDetails", "hitl_details", wanted))

    def answer(self, question: Mapping[str, Any], option: str, **inputs: Any) -> None:
        """Answer an approval as this login, right now; `decide` is the safe way."""
        task = question["task_instance"]
        run = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}"
        path = f"{run}/taskInstances/{task['task_id']}/{task['map_index']}"
        self._send("PATCH", f"{path}/hitlDetails", {"chosen_options": [option], "params_input": inputs})

    def decide(self, dag: str, run: str, *, approve: bool = True, remark: str = "", seconds: float = 300.0) -> str:
        """Answer the question of a run that waits for this login; the state in which its task then ended.

        Waits until the question is asked. Airflow can lose an answer that comes at once, and asks again under a
        higher try number: so the question is left alone for a while first, and an answer that got lost is repeated.

        Raises:
            TimeoutError: nobody asked, or the task did not end in time.
            RestError: the server refused the answer.
        """
        deadline = time.monotonic() + seconds
        state = None
        while state is None:
            question = self._question(dag, run, deadline)
            time.sleep(SETTLED)
            self.answer(question, question["options"][0 if approve else 1], remark=remark)
            state = self._answered(question["task_instance"], deadline)
        return state

    def _question(self, dag: str, run: str, deadline: float) -> dict[str, Any]:
        """The open question of a run that this login may answer, once it is there."""
        while True:
            for question in self.questions():
                task = question["task_instance"]
                mine = self._login["username"] in {user["name"] for user in question["assigned_users"]}
                if mine and (task["dag_id"], task["dag_run_id"], task["state"]) == (dag, run, "awaiting_input"):
                    return question
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag} {run}: no question for {self._login['username']}")
            time.sleep(0.5)

    def _answered(self, asked: Mapping[str, Any], deadline: float) -> str | None:
        """The state in which a task ended that was answered; None when it asks again."""
        while time.monotonic() < deadline:
            for task in self.tasks(asked["dag_id"], asked["dag_run_id"]):
                if (task["task_id"], task["map_index"]) == (asked["task_id"], asked["map_index"]):
                    if task["state"] in DONE:
                        return str(task["state"])
                    if task["state"] == "awaiting_input" and task["try_number"] > asked["try_number"]:
                        return None
            time.sleep(0.5)
        raise TimeoutError(f"{asked['dag_id']} {asked['dag_run_id']}: {asked['task_id']} did not end after its answer")

    # -- inside

    def _read(self, path: str, **wanted: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._send("GET", path, wanted=wanted).json()
        return answer

    def _pages(self, path: str, name: str, wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        given = {key: value for key, value in wanted.items() if value is not None}
        offset, total = 0, 1
        while offset < total:
            page = self._read(path, **given, limit=100, offset=offset)
            if not page[name]:
                return
            yield from page[name]
            offset, total = offset + len(page[name]), page["total_entries"]

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        wanted: Mapping[str, Any] | None = None,
        also: int | None = None,
    ) -> requests.Response:
        """One request; logs in when the token is old or refused; raises on all but 2xx and ``also``."""
        if time.monotonic() > self._renew_at:
            self._renew()
        address = f"{self.url}/api/v2{path}"
        answer = self._session.request(method, address, json=body, params=wanted, timeout=30)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self._renew()
            answer = self._session.request(method, address, json=body, params=wanted, timeout=30)
        if not answer.ok and answer.status_code != also:
            raise RestError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _renew(self) -> None:
        answer = self._session.post(f"{self.url}/auth/token", json=self._login, timeout=30)
        if not answer.ok:
            raise RestError(f"login {self._login['username']}: {answer.status_code}")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._renew_at = time.monotonic() + TOKEN_LIFE - RENEW_BEFORE
