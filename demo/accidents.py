"""What goes wrong while a month is played: a task's process is killed, its connection cut, one of its rows refused.

A table is locked against writing from outside, and whoever comes to write to it is struck exactly there: nothing
depends on how fast the machine is. Airflow tries the task again, and the month has to end as if nothing had happened.
What happened is noted in ``accidents.json``, so that a verification knows what to expect of it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2 import sql

from demo.services.postgres import Postgres
from demo.verify.scene import Check, rows

FILE = "accidents.json"
"""In the hub's home: what was struck, and at which table."""
PATIENCE = 180.0
"""Seconds to wait for somebody to come."""
SENDING = "out.sending"
"""The table in which a mail is noted once a server has taken it."""

_WAITING = """
    SELECT pid, split_part(application_name, ' ', 3)::int FROM pg_stat_activity
    WHERE %s = ANY(pg_blocking_pids(pid)) AND client_port > 0 ORDER BY query_start LIMIT 1
"""
_REFUSE = """
    CREATE FUNCTION accident() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE who text := (SELECT string_agg(id_number, ' ') FROM identity.person WHERE person_id = NEW.person_id);
    BEGIN
        RAISE unique_violation USING MESSAGE = 'row of ' || who || ' refused', HINT = 'look at ' || who,
            DETAIL = 'Key (id_number)=(' || who || ') already exists.', COLUMN = 'person_id';
    END $$;
    CREATE TRIGGER accident BEFORE INSERT ON {} FOR EACH ROW WHEN (NEW.person_id > 0) EXECUTE FUNCTION accident()
"""
_TASKS = {"data": "receive", "core": "compare", SENDING.partition(".")[0]: "deliver"}
"""Schema of a table → the task that writes to it."""
_HEALED = """
    SELECT t.task_id FROM task_instance t JOIN task_instance_history h USING (dag_id, run_id, task_id, map_index)
    WHERE h.state = 'failed' AND t.state = 'success' AND t.try_number > h.try_number
"""
_TAKE_BACK = "DROP TRIGGER accident ON {}; DROP FUNCTION accident()"


class Victim(NamedTuple):
    """A session that waits to write to the table."""

    backend: int
    process: int
    """As the product's sessions name themselves: the system tells nobody else what a task's process holds open."""


Strike = Callable[[psycopg2.extensions.connection, sql.Identifier, Victim], None]


@dataclass(frozen=True)
class Accidents:
    """Strikes whoever first writes to a table (``schema.table``) while a block runs, once."""

    server: Postgres
    home: Path
    database: str = "bidui"

    @contextmanager
    def killed(self, table: str) -> Iterator[None]:
        """Its process ends at once, as in a power cut."""

        def strike(_holder: psycopg2.extensions.connection, _table: sql.Identifier, victim: Victim) -> None:
            os.kill(victim.process, signal.SIGKILL)

        with self._struck("killed", table, strike):
            yield

    @contextmanager
    def cut(self, table: str) -> Iterator[None]:
        """Its connection to the database ends."""

        def strike(holder: psycopg2.extensions.connection, _table: sql.Identifier, victim: Victim) -> None:
            with holder.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [victim.backend])

        with self._struck("cut", table, strike):
            yield

    @contextmanager
    def refused(self, table: str) -> Iterator[None]:
        """Its row about a person is refused, and the database says in every field of the error whose row it was."""

        def strike(holder: psycopg2.extensions.connection, table: sql.Identifier, _victim: Victim) -> None:
            with holder.cursor() as cursor:
                cursor.execute(sql.SQL(_REFUSE).format(table))
                holder.commit()
                cursor.execute(sql.SQL(_TAKE_BACK).format(table))  # waits until the victim has given up

        with self._struck("refused", table, strike):
            yield

    @contextmanager
    def _struck(self, what: str, table: str, strike: Strike) -> Iterator[None]:
        name, over, failed = sql.Identifier(*table.split(".")), threading.Event(), list[BaseException]()
        with closing(psycopg2.connect(self.server.dsn(self.database))) as holder:
            with holder.cursor() as cursor:
                cursor.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(name))

            def lie_in_wait() -> None:
                try:
                    strike(holder, name, self._victim(holder.info.backend_pid, over))
                    holder.commit()
                except BaseException as fault:
                    failed.append(fault)
                    with suppress(psycopg2.Error):
                        holder.rollback()

            waiting = threading.Thread(target=lie_in_wait, name=f"accident at {table}")
            waiting.start()
            try:
                yield
            finally:
                over.set()
                waiting.join()
        if failed:
            raise AssertionError(f"no accident at {table}: {failed[0]}")
        _note(self.home / FILE, what, table)

    def _victim(self, holder: int, over: threading.Event) -> Victim:
        deadline = time.monotonic() + PATIENCE
        with closing(psycopg2.connect(self.server.dsn(self.database))) as watcher:
            watcher.autocommit = True
            with watcher.cursor() as cursor:
                while not over.is_set() and time.monotonic() < deadline:
                    cursor.execute(_WAITING, [holder])
                    if found := cursor.fetchone():
                        return Victim(*found)
                    time.sleep(0.1)
        raise TimeoutError("nobody came")


def second_copies(home: Path) -> int:
    """How many mails may be there twice: a task that was killed when a server had its mail, and the ledger had not."""
    return sum(accident == ["killed", SENDING] for accident in _noted(home / FILE))


def check(home: Path, airflow: str) -> Check:
    """Whatever was struck had failed, was tried again and succeeded; ``airflow``: the database of Airflow's own."""
    noted = _noted(home / FILE)
    struck = Counter(_TASKS[table.partition(".")[0]] for _, table in noted)
    healed = Counter(task for (task,) in rows(airflow, _HEALED))
    return Check(
        "意外：任务被打断后重试成功", {"accidents": ["cut", "killed", "killed", "refused"], "not healed": 0},
        {"accidents": sorted(what for what, _ in noted), "not healed": (struck - healed).total(),
         "again": dict(healed)},
    )  # fmt: skip


def _noted(file: Path) -> list[list[str]]:
    found: list[list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def _note(file: Path, what: str, table: str) -> None:
    file.write_text(json.dumps([*_noted(file), [what, table]]), encoding="utf-8")
