"""A hub with something in every table and in its vault, its two backup keys, and a second server to restore into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bidui.archive.programs import Programs
from bidui.orchestration import clock
from bidui.pipeline.certify import create_escrow
from bidui.pipeline.office import Office
from bidui.pipeline.snapshot import Taken, take
from bidui.policy.policy_set import PolicySet
from bidui.sealing import authority, backup_keys
from bidui.store import tables
from bidui.store.database import Role
from bidui.store.server import Server
from demo.services.postgres import Postgres
from tests.servers import server

QUARTER = "2026-Q4"
NOW = datetime(2026, 12, 31, 1, tzinfo=UTC)
AWKWARD = ["a,b", 'he said "no"', "one\ntwo", "tab\there", "back\\slash", "\\N", "\\.", "", "张三·李四", "𠮷", "100%"]
"""Texts that quoting and COPY have to bring through."""


def command(hub: Hub, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``python -m bidui`` at that hub, in a process of its own."""
    office = hub.office
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BIDUI_")},
        "PYTHONPATH": str(office.include.parent / "plugins"), "BIDUI_HOME": str(office.home),
        "BIDUI_INCLUDE": str(office.include), "BIDUI_PROFILE": office.profile, "BIDUI_DB": office.database_address,
        "BIDUI_SMTP": office.mail_server, "BIDUI_SIMULATED": "1", "BIDUI_PG_BIN": str(office.programs), **variables,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "bidui", *arguments], env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Hub:
    """A hub that may be backed up; ``escrow`` is the file that its operator took away."""

    office: Office
    escrow: Path

    @property
    def own_key(self) -> Path:
        return self.office.keys / backup_keys.IDENTITY

    @property
    def database(self) -> str:
        return self.office.database_address.partition("/")[2]


@pytest.fixture(scope="session")
def programs(postgres: Postgres) -> Programs:
    return Programs(postgres.bin)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Another server, with nothing of ours in it."""
    with server(tmp_path_factory.mktemp("second"), "64MB") as running:
        yield running


@pytest.fixture
def fresh(second: Postgres) -> Iterator[Server]:
    """The other server as its superuser; emptied afterwards."""
    yield Server(f"127.0.0.1:{second.port}", second.password)
    for (name,) in second.execute("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"):
        second.drop_database(name)
    for (name,) in second.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)'"):
        second.execute(f'DROP ROLE "{name}"')


@pytest.fixture
def own_hub(
    copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path, policy: PolicySet,
    programs: Programs, tmp_path: Path,
) -> Iterator[Hub]:  # fmt: skip
    """One that the test may change."""
    with founded(tmp_path / "own", copied, passwords, repository, policy, programs) as made:
        yield made


@pytest.fixture(scope="module")
def hub(
    copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path, policy: PolicySet,
    programs: Programs, tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hub]:  # fmt: skip
    """One that the tests of a module share."""
    with founded(tmp_path_factory.mktemp("hub"), copied, passwords, repository, policy, programs) as made:
        yield made


@pytest.fixture(scope="module")
def taken(hub: Hub) -> Taken:
    """Its snapshot; tests that spoil it take a copy."""
    return take(hub.office, QUARTER, NOW)


@pytest.fixture
def copy(taken: Taken, tmp_path: Path) -> Path:
    """A copy of the snapshot's folder, to be spoilt."""
    return Path(shutil.copytree(taken.folder, tmp_path / "copy" / taken.snapshot_id))


@contextmanager
def founded(
    folder: Path, copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path,
    policy: PolicySet, programs: Programs,
) -> Iterator[Hub]:  # fmt: skip
    home = folder / "home"
    shutil.copytree(passwords, home / "secrets")
    authority.create_hub_keys(home / "keys", now=NOW - timedelta(days=90), next_update=NOW + timedelta(days=90))
    clock.put(home / clock.FILE, NOW)
    with copied() as address:
        office = Office(home, repository / "include", policy.profile.id, address, "127.0.0.1:9", programs.folder)
        vars(office)["policy"] = policy
        escrow = folder / "escrow.identity"
        create_escrow(office, escrow)
        fill(office)
        yield Hub(office, escrow)
        office.database.close()


DATASETS = text("SELECT format('data.%I', tablename) FROM pg_tables WHERE schemaname = 'data'")
COLUMNS = text("""
    SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
    WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0 AND NOT a.attisdropped
""")
VALUES = {
    "text": "k", "bigint": 7, "integer": 7, "smallint": 7, "numeric": "1234.50", "boolean": True,
    "date": "2026-11-30", "timestamp with time zone": "2026-11-30T23:59:59.123456+08", "jsonb": '{"a": ["b", 1.50]}',
    "text[]": ["k", 'x"y,z'],
}  # fmt: skip


def fill(office: Office) -> None:
    """A row in each table of every schema: the same value in all columns of a type, so that references hold."""
    content = office.vault.put("原件".encode() * 1000)
    office.vault.put(b"")
    with office.database.begin(Role.OWNER) as connection:
        own = [table for table in tables.metadata.sorted_tables if table.name not in ("policy_bundle", "region")]
        names = [f'{table.schema}."{table.name}"' for table in own]
        names += connection.execute(DATASETS).scalars()
        for name in names:
            columns = dict(map(tuple, connection.execute(COLUMNS, {"name": name})))
            row = {c: content if c in ("package_hash", "content_hash") else VALUES[kind] for c, kind in columns.items()}
            listed, marks = ", ".join(f'"{c}"' for c in row), ", ".join(f":{c}" for c in row)
            connection.execute(text(f"INSERT INTO {name} ({listed}) VALUES ({marks})"), row)
        for number, awkward in enumerate(AWKWARD, 100):
            term = {"term_id": number, "kind": "name", "text": awkward, "canonical": awkward}
            connection.execute(tables.term.insert(), term)
