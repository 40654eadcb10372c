"""Apache Airflow as four programs of our own on loopback: API server, scheduler, DAG processor and triggerer.

Not ``airflow standalone``: it listens publicly and leaves orphans. Scheduler and triggerer run with
``--skip-serve-logs``, since their log servers, too, would listen publicly; on one machine the API server
reads the log files itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from psycopg2 import sql

from bidui.policy.loading import load
from demo.office import REPOSITORY, Office, write_environment
from demo.services.broker import Broker
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK, Program, ServiceError, tail

COMPONENTS: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}

WORKER: Sequence[str] = ("celery", "worker", "--skip-serve-logs", "--queues", "default")
"""A Celery worker, where tasks are handed to other machines: as many as wanted, each under a ``--celery-hostname``."""

WORKERS = 2
"""Celery workers beside a broker on this machine."""

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"

WATCHER_ROLE = "Watcher"
"""The least role of a program that starts runs; each DAG for it grants it ``can_edit`` by access_control."""

APPROVER_ROLE = "Approver"
"""The least role of a person who approves: reads what is asked, answers, and can start, clear or change nothing."""

CUSTOM_ROLES = {
    WATCHER_ROLE: [
        {"action": "can_read", "resource": "DAGs"},
        {"action": "can_read", "resource": "DAG Runs"},
        {"action": "can_create", "resource": "DAG Runs"},
        {"action": "can_read", "resource": "Task Instances"},
        # For `bidui announce`: looking an asset up (which asks for aliases, too), and saying that it has changed.
        {"action": "can_read", "resource": "Asset Aliases"},
        {"action": "can_read", "resource": "Assets"},
        {"action": "can_create", "resource": "Assets"},
    ],
    APPROVER_ROLE: [
        {"action": "can_read", "resource": "Website"},
        {"action": "can_read", "resource": "DAGs"},
        {"action": "can_read", "resource": "DAG Runs"},
        {"action": "can_read", "resource": "Task Instances"},
        {"action": "can_read", "resource": "HITL Detail"},
        {"action": "can_edit", "resource": "HITL Detail"},
        {"action": "menu_access", "resource": "HITL Detail"},
        {"action": "can_read", "resource": "My Password"},
        {"action": "can_edit", "resource": "My Password"},
    ],
}

LOGIN_PAGE = """\
# The login pages in Chinese; the rest of the interface follows the browser's language.
AUTH_TYPE = 1  # by password
WTF_CSRF_ENABLED = True
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {"zh": {"flag": "cn", "name": "中文"}, "en": {"flag": "gb", "name": "English"}}
"""


@dataclass(frozen=True)
class Login:
    """One person or program that may log in: the password lies in ``secrets/login_<name>``."""

    name: str
    role: str


DEFAULT_LOGINS = (Login("boss", "Admin"), Login("watcher", WATCHER_ROLE))
"""Who may log in besides those who approve."""


def approvers(office: Office) -> tuple[Login, ...]:
    """A login for each contact who holds an approval role in the office's policy; it bears the contact's id."""
    variables = office.environment()
    held = load(Path(variables["BIDUI_INCLUDE"]), variables["BIDUI_PROFILE"]).profile.approvers.values()
    return tuple(Login(contact, APPROVER_ROLE) for contact in sorted({c for contacts in held for c in contacts}))


class Airflow:
    """The four programs of one office, their environment, their database and their logins."""

    def __init__(
        self,
        office: Office,
        logins: Sequence[Login] = DEFAULT_LOGINS,
        dags: Path = REPOSITORY / "dags",
        workers: int = 0,
        broker: Broker | None = None,
    ) -> None:
        """``workers`` tasks run at once (default: one more than there are processors, since many wait).

        With a ``broker``, Celery workers run them, as in an office of several machines; without, the scheduler.
        """
        self.office = office
        self.logins = tuple(logins)
        self.dags = dags
        self.workers = workers or min((os.cpu_count() or 2) + 1, 8)
        self.home = office.home / "airflow"
        self.url = f"http://{LOOPBACK}:{office.ports.web}"
        self.broker = broker
        self.commands: dict[str, Sequence[str]] = {**COMPONENTS}
        for number in range(1, WORKERS + 1) if broker else ():
            self.commands[f"worker-{number}"] = (*WORKER, "--celery-hostname", f"worker-{number}@office")
        self.programs = {name: Program(f"airflow-{name}", office.run) for name in self.commands}

    def environment(self) -> dict[str, str]:
        """What the four programs and any ``airflow`` command run under: paths of secrets, never a secret."""
        dropped = ("AIRFLOW_", "AIRFLOW__", "PG", "PYTHON", "BIDUI_")
        # With DEV set, Airflow's programs log the local variables of every frame of an exception.
        inherited = {n: value for n, value in os.environ.items() if not n.startswith(dropped) and n != "DEV"}
        local = {"NO_PROXY": f"{LOOPBACK},localhost", "no_proxy": f"{LOOPBACK},localhost"}
        return inherited | local | self.office.environment() | self._settings() | self._queue()

    def _settings(self) -> dict[str, str]:
        address = f"{LOOPBACK}:{self.office.ports.database}/airflow"
        secret = self.office.home / "secrets"
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
            "PYTHONPATH": os.pathsep.join((str(REPOSITORY / "plugins"), str(REPOSITORY))),
            "PYTHONUNBUFFERED": "1",
            "PGPASSFILE": str(secret / "pgpass"),
            "GX_ANALYTICS_ENABLED": "false",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__AUTH_MANAGER": FAB,
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY_CMD": f"cat '{secret / 'airflow_fernet'}'",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "False",  # what the plugin preloads is there before tasks are forked
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": str(self.workers),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://airflow@{address}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+psycopg_async://airflow@{address}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(self.home / "logs" / "dag_processor"),
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self.office.ports.web),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__INSTANCE_NAME": "比对",
            "AIRFLOW__API__SECRET_KEY_CMD": f"cat '{secret / 'airflow_session'}'",
            "AIRFLOW__API_AUTH__JWT_SECRET_CMD": f"cat '{secret / 'airflow_jwt'}'",
            "AIRFLOW__FAB__CUSTOM_ROLES": json.dumps(CUSTOM_ROLES),
            # One parser suffices; the files change rarely, new and changed ones are found within a minute.
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
            "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "300",
        }

    def _queue(self) -> dict[str, str]:
        """How tasks reach Celery workers; nothing where the scheduler runs them itself."""
        if self.broker is None:
            return {}
        return {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CELERY__BROKER_URL_CMD": self.broker.url_command,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql://airflow@{LOOPBACK}:{self.office.ports.database}/airflow",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        }

    @cached_property
    def _everybody(self) -> tuple[Login, ...]:
        return (*self.logins, *approvers(self.office))

    def lay_out(self) -> None:
        """Write the secrets and files that the programs read."""
        for name in ("airflow_session", "airflow_jwt", *(f"login_{login.name}" for login in self._everybody)):
            self.office.secret(name)
        self.office.fernet_key("airflow_fernet")
        passwords = self.office.home / "secrets" / "pgpass"
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:*:airflow:{self.office.secret('db_airflow')}\n", encoding="utf-8")
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "webserver_config.py").write_text(LOGIN_PAGE, encoding="utf-8")
        write_environment(self.home / "env", self.office.environment() | self._settings() | self._queue())

    def prepare(self, server: Postgres) -> None:
        """Bring Airflow's tables and logins up to date: once for each database, version and set of logins."""
        logins = sorted(f"{login.name}={login.role}" for login in self.logins)
        everybody = sorted(f"{login.name}={login.role}" for login in self._everybody)
        wanted = " ".join([version("apache-airflow"), *everybody])
        # Noted as a comment on the database itself, so that a new database is never taken for a prepared one.
        noted = server.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = 'airflow'"
        )
        if noted == [(wanted,)]:
            return
        preparation = Program("airflow-prepare", self.office.run)
        command = [sys.executable, "-m", "demo.services.prepare", *logins]
        if preparation.run(command, self.environment(), REPOSITORY):
            raise ServiceError(f"Airflow：数据库准备失败，见 {preparation.log}\n{tail(preparation.log)}")
        server.execute(sql.SQL("comment on database airflow is {}").format(sql.Literal(wanted)))

    def start(self, say: Callable[[str], None], patience: float = 180.0) -> None:
        """Start what does not run and wait until all four report healthy.

        Raises:
            ServiceError: a program ended or did not become healthy in ``patience`` seconds.
        """
        since = time.time()
        fresh = [name for name, program in self.programs.items() if not program.is_running()]
        for name in fresh:
            command = [sys.executable, "-m", "airflow", *self.commands[name]]
            self.programs[name].start(command, self.environment(), REPOSITORY)
        self._await_health(since if fresh else 0.0, since + patience, say)

    def _await_health(self, since: float, deadline: float, say: Callable[[str], None]) -> None:
        told: set[str] = set()
        while time.time() < deadline:
            for name, program in self.programs.items():
                if not program.is_running():
                    raise ServiceError(f"Airflow：{name} 已退出，见 {program.log}\n{tail(program.log)}")
            healthy = self.healthy(since)
            for name in sorted(healthy - told):
                say(f"Airflow {name} 就绪")
            told |= healthy
            if healthy == set(COMPONENTS):
                return
            time.sleep(0.25)
        missing = "、".join(sorted(set(COMPONENTS) - told))
        raise ServiceError(f"Airflow：{missing} 迟迟没有就绪，日志在 {self.office.run}")

    def healthy(self, since: float = 0.0) -> set[str]:
        """The components whose heartbeat is healthy and later than ``since`` (an earlier run's lingers)."""
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy of the machine has no business on loopback
                answer = session.get(f"{self.url}/api/v2/monitor/health", timeout=5)
            report = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            return set()
        beats = {
            "scheduler": ("scheduler", "latest_scheduler_heartbeat"),
            "dag-processor": ("dag_processor", "latest_dag_processor_heartbeat"),
            "triggerer": ("triggerer", "latest_triggerer_heartbeat"),
        }
        found = {name for name, (part, beat) in beats.items() if _beats(report.get(part) or {}, beat, since)}
        return found | {"api-server"} if report else found

    def stop(self) -> None:
        """End all four with all their workers, also those that a crash left."""
        for program in self.programs.values():
            program.terminate()
        for program in self.programs.values():
            program.finish(patience=8)


def _beats(part: Mapping[str, Any], beat: str, since: float) -> bool:
    if part.get("status") != "healthy" or not part.get(beat):
        return False
    return datetime.fromisoformat(part[beat]).timestamp() >= since
