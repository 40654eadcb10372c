"""A synthetic county on a real store and a real mail server, played by use cases: what Airflow starts is called here.

The script is the demo's own (`demo.play`); only its control room is another one.
"""

from __future__ import annotations

import mailbox
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from bidui.orchestration import clock
from bidui.pipeline import apply
from bidui.pipeline.certify import certify
from bidui.pipeline.office import Office as Hub
from bidui.sealing import authority
from bidui.store.database import Role
from demo.control_room import ControlRoom
from demo.office import REPOSITORY, Office, Ports
from demo.parties import Parties
from demo.play import Play
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK, Program, answers, free_port
from demo.verify.scene import Scene
from tests.policies import SHIPPED

PERIODS = ["2026-10", "2026-11", "2026-12"]
QUARTER = "2026-Q4"
TOWNS = ("990821101", "990821102", "990821103", "990821112")
"""Enough for a month: two that answer, one that stays silent, one in which nothing happens."""

_LEAST = re.compile(r"(?<=^least_rows:\n)(?:  .+\n)+", re.MULTILINE)


def policy_copy(target: Path, most: int = 20) -> Path:
    """The shipped policy in a folder of its own, for a county with `TOWNS` only.

    There, ``most`` rows are a whole file, where the shipped profiles ask for more.
    """
    shutil.copytree(SHIPPED, target)
    for profile in target.glob("profiles/*.yaml"):
        stated = profile.read_text(encoding="utf-8")
        fewer = _LEAST.sub(lambda found: re.sub(r"\d+(?=[,}])", f"{most}", found[0]), stated)
        profile.write_text(fewer, encoding="utf-8")
    _keep_lines(target / "dictionary" / "regions.csv", re.compile(r"^demo,(\d{9})"))
    _keep_lines(target / "contacts" / "demo.csv", re.compile(r"^.*,(\d{9}),"))
    return target


def _keep_lines(file: Path, town: re.Pattern[str]) -> None:
    """Leave out the lines that are about another town."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text(
        "".join(line for line in lines if not (found := town.match(line)) or found[1] in TOWNS), encoding="utf-8"
    )


@dataclass
class County:
    """A hub with its parties, its store, its mail server and the files that the parties will hand in."""

    office: Office
    hub: Hub
    parties: Parties
    room: ControlRoom
    dsn: str = field(repr=False)
    synth: Path

    @property
    def play(self) -> Play:
        """The demo's play, on this stage."""
        return Play(self.office, self.hub, self.room, self.parties, self.synth, self.room.said.append)

    @property
    def scene(self) -> Scene:
        """What the demo's verification reads of this county."""
        return Scene(self.office.home, self.hub.include, self.hub.profile, self.dsn, self.synth)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, read by the superuser."""
        with psycopg2.connect(self.dsn) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def mails(self, address: str | None = None) -> list[EmailMessage]:
        """The hub's mails that lie in the sink, oldest first."""
        folder = self.office.home / "post"
        boxes = [folder / address] if address else [p for p in folder.iterdir() if (p / "cur").is_dir()]
        found = [
            message_from_bytes(box.get_bytes(key), policy=default)
            for path in boxes if path.exists() for box in [mailbox.Maildir(path)] for key in box.keys()  # noqa: SIM118
        ]  # fmt: skip
        ours = [
            m for m in found if isinstance(m, EmailMessage) and self.hub.policy.profile.desk.email in str(m["From"])
        ]
        return sorted(ours, key=lambda m: (m["Date"].datetime, str(m["Message-ID"])))

    def close(self) -> None:
        """Give back connections."""
        self.hub.database.close()


def digests(dsn: str, schemas: tuple[str, ...] = ("core", "data", "out", "identity")) -> dict[str, tuple[int, str]]:
    """Number of rows and digest of the sorted rows of every table."""
    found = {}
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", (list(schemas),)
        )
        for schema, table in cursor.fetchall():
            cursor.execute(sql.SQL(
                "SELECT count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {} t"
            ).format(sql.Identifier(schema, table)))  # fmt: skip
            found[f"{schema}.{table}"] = cursor.fetchone()
    return found


def copy_database(postgres: Postgres, source: str, target: str) -> None:
    """Make ``target`` a copy of a database that nobody is connected to."""
    postgres.drop_database(target)
    statement = "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy"
    postgres.execute(sql.SQL(statement).format(*map(sql.Identifier, (target, source, Role.OWNER.login))))


@contextmanager
def sink(home: Path, port: int) -> Iterator[None]:
    """The mail server as a process of its own."""
    program = Program("mail", home / "run")
    command = [sys.executable, "-m", "demo.services.mail", "--port", str(port), "--folder", str(home / "post")]
    program.start(command, dict(os.environ), REPOSITORY)
    try:
        while program.is_running() and not answers(port):
            pass
        yield
    finally:
        program.stop()


@contextmanager
def founded(home: Path, include: Path, profile: str, address: str, dsn: str, passwords: Path, synth: Path, *,
            migrate: bool = False) -> Iterator[County]:  # fmt: skip
    """A county on an empty store (with ``migrate``: an empty database), with keys and certificates, on day one."""
    home.mkdir(parents=True)
    shutil.copytree(passwords, home / "secrets")
    office = Office(home, Ports(mail=free_port()), profile)
    office.lay_out()
    hub = Hub(home, include, profile, address, f"{LOOPBACK}:{office.ports.mail}")
    start = datetime(int(PERIODS[0][:4]), int(PERIODS[0][5:]), 1, 9, tzinfo=hub.zone)
    clock.put(home / clock.FILE, start)
    authority.create_hub_keys(hub.keys, now=start, next_update=start + timedelta(days=400))
    if migrate:
        apply.migrate_up(hub)
    apply.apply_policy(hub, start)
    county = County(office, hub, Parties(office, hub, certificates(hub, start)), ControlRoom(hub), dsn, synth)
    with sink(home, office.ports.mail):
        try:
            yield county
        finally:
            county.close()


def certificates(hub: Hub, start: datetime) -> Mapping[str, tuple[Path, Path]]:
    """A certificate for every contact of a party that seals by machine."""
    signers = [
        c for a in hub.policy.agreements.values() for p in a.provides if "machine" in p.sealing for c in a.contacts
    ]
    return {contact.id: certify(hub, contact.id, start, 365) for contact in signers}
