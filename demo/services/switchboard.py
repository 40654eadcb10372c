"""Everything up, everything down, and what runs: for the command line, the play and the tests."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from demo.office import LOOPBACK, REPOSITORY, Office
from demo.services.airflow import DEFAULT_LOGINS, Airflow, Login
from demo.services.broker import Broker
from demo.services.postgres import Postgres
from demo.services.process import Program, ServiceError, answers, ensure_free, tail
from demo.services.provision import provision_server

SERVICES = ("postgres", "drill", "mail", "airflow")

Say = Callable[[str], None]

_REDIS_PORT = 6379
"""Redis's own, within a container."""


def up(
    office: Office,
    say: Say = print,
    *,
    only: Collection[str] = SERVICES,
    logins: Sequence[Login] = DEFAULT_LOGINS,
    dags: Path = REPOSITORY / "dags",
) -> None:
    """Lay out the office and start what does not run; on failure or interruption stop what this call started.

    Args:
        office: where and on which ports.
        say: takes one line of progress.
        only: some of `SERVICES`; Airflow needs Postgres.
        logins: who may log in to Airflow.
        dags: Airflow's DAG folder.

    Raises:
        ServiceError: with a text for the person at the terminal.
    """
    started = time.monotonic()

    def progress(line: str) -> None:
        say(f"[{time.monotonic() - started:5.1f} 秒] {line}")

    before = {name for name, running in status(office).items() if running}
    _ensure_ports_free(office, only, before)
    office.lay_out()
    try:
        if "postgres" in only:
            _start_postgres(office, progress)
        if "drill" in only:
            _start_drill(office, progress)
        if "mail" in only:
            _start_mail(office, progress)
        if "airflow" in only:
            _start_airflow(Airflow(office, logins, dags), database(office), progress)
    except BaseException:
        down(office, lambda _line: None, keep=before)
        raise


def down(office: Office, say: Say = print, *, keep: Collection[str] = ()) -> None:
    """Stop every service of the office, and what a crash left of them, except those in ``keep``; say which ran."""
    running = status(office)
    if not any(name.startswith("airflow") for name in keep):
        Airflow(office).stop()
        Program("airflow-prepare", office.run).stop()
    if "watcher" not in keep:
        watcher(office).stop()
    if "mail" not in keep:
        _mail(office).stop()
    if "postgres" not in keep:
        database(office).stop()
    if "drill" not in keep:
        drill(office).stop()
    for name, was_running in running.items():
        if was_running and name not in keep:
            say(f"{name} 已停止")
    if not any(running.values()):
        say(f"{office.home} 没有正在运行的服务；别处的用 BIDUI_DEMO_HOME=<它的文件夹> make down 停止")


def remove(office: Office, say: Say = print) -> None:
    """Stop everything and remove the office with all its data."""
    down(office, say)
    database(office).destroy()
    drill(office).destroy()
    shutil.rmtree(office.home, ignore_errors=True)


def status(office: Office) -> dict[str, bool]:
    """Service → whether it runs."""
    airflow = {program.name: program.is_running() for program in Airflow(office).programs.values()}
    return {
        "postgres": database(office).is_running(),
        "drill": drill(office).is_running(),
        "mail": _mail(office).is_running(),
        "watcher": watcher(office).is_running(),
        **airflow,
    }


def cpu_seconds(office: Office) -> dict[str, float]:
    """Service → processor time so far; ``play`` is the calling process itself."""
    times = os.times()
    programs = {**Airflow(office).programs, "watcher": watcher(office), "mail": _mail(office)}
    return {
        "play": times.user + times.system + times.children_user + times.children_system,
        "postgres": database(office).cpu_seconds(),
        "drill": drill(office).cpu_seconds(),
        **{program.name: program.cpu_seconds() for program in programs.values()},
    }


def lay_out_containers(office: Office, say: Say = print) -> None:
    """Make the secrets and files that docker-compose.yaml mounts; nothing is started."""
    office.lay_out()
    office.secret("db_superuser")
    Airflow(office).lay_out()
    Broker(office, _REDIS_PORT).lay_out("0.0.0.0")  # noqa: S104 - in a container, whose network is its own
    (office.home / "database").mkdir(exist_ok=True)
    say(f"{office.home} 已备好，用户号：export BIDUI_UID={os.getuid()}")


def watcher(office: Office) -> Program:
    """The product's own program that watches the roads; whoever has applied the policy starts it."""
    return Program("watcher", office.run)


def database(office: Office) -> Postgres:
    """The office's Postgres, running or not."""
    return Postgres(office.home / "postgres", office.ports.database)


def drill(office: Office) -> Postgres:
    """The second Postgres, which snapshots are restored into; empty until then."""
    return Postgres(office.home / "drill", office.ports.drill, settings={"shared_buffers": "128MB"})


def _ensure_ports_free(office: Office, only: Collection[str], running: Collection[str]) -> None:
    """Look at all ports before anything starts; services that run hold theirs rightly."""
    ports, wanted = office.ports, set(only)
    for service, program, port, name, way_out in (
        ("postgres", "postgres", ports.database, "Postgres", "--database-port 或 BIDUI_DB_PORT"),
        ("drill", "drill", ports.drill, "恢复演练用的 Postgres", "--drill-port 或 BIDUI_DRILL_PORT"),
        ("mail", "mail", ports.mail, "邮件", "--mail-port 或 BIDUI_MAIL_PORT"),
        ("airflow", "airflow-api-server", ports.web, "Airflow 网页", "--web-port 或 BIDUI_WEB_PORT"),
    ):
        if service in wanted and program not in running:
            ensure_free(port, name, way_out)


def _start_postgres(office: Office, say: Say) -> None:
    server = database(office)
    if not server.is_running():
        server.start()
    office.keep_secret("db_superuser", server.password)
    provision_server(f"{LOOPBACK}:{server.port}/bidui", office.home / "secrets")
    say(f"Postgres 就绪（127.0.0.1:{office.ports.database}）")


def _start_drill(office: Office, say: Say) -> None:
    server = drill(office)
    server.start()
    office.keep_secret("db_drill", server.password)
    say(f"恢复演练用的 Postgres 就绪（127.0.0.1:{office.ports.drill}）")


def _mail(office: Office) -> Program:
    return Program("mail", office.run)


def _start_mail(office: Office, say: Say) -> None:
    program, port = _mail(office), office.ports.mail
    if not program.is_running():
        command = [
            sys.executable,
            "-m",
            "demo.services.mail",
            "--port",
            str(port),
            "--folder",
            str(office.home / "post"),
        ]
        program.start(command, Airflow(office).environment(), REPOSITORY)
    deadline = time.monotonic() + 30
    while not answers(port):
        if not program.is_running() or time.monotonic() > deadline:
            raise ServiceError(f"邮件服务没有起来，见 {program.log}\n{tail(program.log)}")
        time.sleep(0.05)
    say(f"邮件服务就绪（127.0.0.1:{port}）")


def _start_airflow(airflow: Airflow, server: Postgres, say: Say) -> None:
    airflow.lay_out()
    airflow.prepare(server)
    say("Airflow 数据库与登录名就绪")
    airflow.start(say)
    say(f"Airflow 就绪（{airflow.url}）")
