"""Start a long-running program, know it again in a later command, and end it together with its descendants.

A program leads its own session. Airflow's workers move themselves into process groups of their own but stay
in that session, so the session is what is counted and ended. A session number is not given away again while
one member lives; that makes "who is left of it" a safe question even after the leader was killed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"

_children: dict[int, subprocess.Popen[bytes]] = {}
"""The programs that this process started itself: it has to take note of their end (reap them)."""


class ServiceError(Exception):
    """A service cannot be started or did not come up; the text is for the person at the terminal."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def ensure_free(port: int, what: str, how: str) -> None:
    """Raise `ServiceError` if the port is taken: which, ``what`` wants it, ``how`` to choose another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise ServiceError(
                f"端口 {port}（{what}）已被占用或不可用。请停掉占用它的程序，或者改用别的端口：{how}"
            ) from error


def answers(port: int, seconds: float = 0.5) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=seconds):
        return True
    return False


def lives(pid: int) -> bool:
    """Whether the process runs. One that has ended but was not reaped (a zombie) does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, for an error message."""
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return ""


@dataclass
class Program:
    """One long-running program with its pid file ``<folder>/<name>.pid`` and log ``<folder>/<name>.log``."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """Where the program's output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Two words: the leader's process id and when it was started (seconds since the epoch)."""
        return self.folder / f"{self.name}.pid"

    def start(self, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start ``command`` in the background unless it runs already."""
        if self.is_running():
            return
        self.stop()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        _children[child.pid] = child
        started = psutil.Process(child.pid).create_time()
        written = self.pid_file.with_suffix(".pid.new")
        written.write_text(f"{child.pid} {started}\n", encoding="ascii")
        written.replace(self.pid_file)

    def run(self, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> int:
        """Run ``command`` to its end, output to the log; its exit code. An interruption ends it, too."""
        self.start(command, env, cwd)
        try:
            return _children[self.leader() or 0].wait()
        finally:
            self.stop()

    def leader(self) -> int | None:
        """The session that the pid file names; None if there is none or another program has its number."""
        try:
            pid_text, started = self.pid_file.read_text(encoding="ascii").split()
            pid = int(pid_text)
        except (FileNotFoundError, ValueError):
            return None
        try:
            same = abs(psutil.Process(pid).create_time() - float(started)) < 1.0
        except psutil.NoSuchProcess:
            return pid
        return pid if same else None

    def is_running(self) -> bool:
        """Whether the leader itself lives (its orphans do not count)."""
        pid = self.leader()
        return pid is not None and lives(pid)

    def members(self) -> list[int]:
        """Process ids of all living members of the session, the leader's orphans included."""
        leader = self.leader()
        return [] if leader is None else [pid for pid in psutil.pids() if _session(pid) == leader and lives(pid)]

    def cpu_seconds(self) -> float:
        """Processor time that the program and its descendants have taken so far."""
        return tree_cpu_seconds(self.leader())

    def terminate(self) -> None:
        """Ask the leader to end; if it is gone already, ask what it left behind."""
        members = self.members()
        leader = self.leader()
        _signal([leader] if leader in members else members, signal.SIGTERM)

    def stop(self, patience: float = 15.0) -> None:
        """End the program with all its descendants: politely first, by force after ``patience`` seconds."""
        self.terminate()
        self.finish(patience)

    def finish(self, patience: float = 15.0) -> None:
        """Wait for the end that `terminate` asked for (a second request upsets some programs), then force it.

        What outlives its leader gets two seconds only: nobody is left to wind it up in order.
        """
        self._await(lambda: not self.is_running(), patience)
        self._await(lambda: not self.members(), min(patience, 2.0))
        while members := self.members():
            _signal(members, signal.SIGKILL)
            self._await(lambda: not self.members(), 0.5)
        if child := _children.pop(self.leader() or 0, None):
            child.wait(timeout=5)
        self.pid_file.unlink(missing_ok=True)

    def _await(self, happened: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        child = _children.get(self.leader() or 0)
        while not happened() and time.monotonic() < deadline:
            if child is not None:
                child.poll()
            time.sleep(0.05)


def tree_cpu_seconds(pid: int | None) -> float:
    """User and system time of a process and its descendants, and of their children that have ended."""
    total = 0.0
    with suppress(psutil.Error):
        root = psutil.Process(pid) if pid else None
        for process in [root, *root.children(recursive=True)] if root else []:
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    return total


def _session(pid: int) -> int | None:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _signal(pids: Iterable[int | None], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            if pid is not None:
                os.kill(pid, number)
