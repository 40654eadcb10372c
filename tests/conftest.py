"""What the tests stand on: one embedded Postgres a session, fresh databases in it, a hub's office on one of them."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import create_engine
from xdist.scheduler import LoadScopeScheduling

from bidui.pipeline import apply
from bidui.pipeline.office import Office
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.policy.release import Releases
from bidui.sealing import authority
from bidui.store import roles
from bidui.store.database import Database, Role
from demo.services.postgres import Postgres
from tests.servers import server
from tests.sql.play import Play

pytest_plugins = ["tests.counties"]

PROFILE = "demo"
AS_OF = datetime(2026, 12, 1, 1, tzinfo=UTC)
"""Nine in the morning, at the hub, of the day after the month that the tests play."""

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options have to be known before any folder is looked into; what it is for stands in ``tests/e2e``."""
    parser.addoption("--seeds", default=os.environ.get("SEEDS", "1"), help="seeds of the counties that are played")


class InOneWorker(LoadScopeScheduling):
    """What one worker runs one after another: all that looks at the county of one seed, else the tests of one file."""

    def _split_scope(self, nodeid: str) -> str:
        seed = re.search(r"seed \d+", nodeid)
        return seed[0] if seed else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InOneWorker:
    """How the tests are shared out (``pytest -n``)."""
    return InOneWorker(config, log)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running server of its own on a free port; ``postgres.dsn()`` is the superuser's."""
    with server(tmp_path_factory.mktemp("postgres"), "128MB") as running:
        yield running


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The name of an empty database, dropped after the test."""
    name = f"test_{next(_numbers)}"
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def as_of() -> datetime:
    """When the tests' knowledge ends, unless a test says otherwise."""
    return AS_OF


@pytest.fixture(scope="session")
def policy(repository: Path) -> PolicySet:
    """The shipped policy; immutable, so it is loaded once. Without releases: tests put other contracts into it."""
    return replace(load(repository / "include", PROFILE), releases=Releases())


@pytest.fixture(scope="session")
def passwords(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the database roles' passwords, as in a hub's ``secrets``: roles belong to the whole server."""
    folder = tmp_path_factory.mktemp("secrets")
    for role in Role:
        (folder / f"db_{role}").write_text(secrets.token_urlsafe(24), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def provision(postgres: Postgres, passwords: Path) -> Callable[[str], None]:
    """Creates the roles and hands a database to the owner, as `bidui`'s set-up does."""
    given = {role: (passwords / f"db_{role}").read_text(encoding="utf-8") for role in Role}

    def provisioned(name: str) -> None:
        engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(postgres.dsn(name)))
        with engine.begin() as connection:
            roles.provision(connection, name, given)
        engine.dispose()

    return provisioned


@pytest.fixture(scope="session")
def template(
    postgres: Postgres, passwords: Path, provision: Callable[[str], None], repository: Path, policy: PolicySet,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:  # fmt: skip
    """The name of a database with the fixed schema and the policy's tables, made once; tests take copies of it."""
    name = "template_of_tests"
    postgres.create_database(name)
    provision(name)
    home = tmp_path_factory.mktemp("template")
    shutil.copytree(passwords, home / "secrets")
    made = _office(home, repository, policy, f"127.0.0.1:{postgres.port}/{name}")
    apply.migrate_up(made)
    apply.apply_policy(made, AS_OF)
    made.database.close()
    return name


@pytest.fixture(scope="session")
def copied(postgres: Postgres, template: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes ``host:port/name`` of a fresh copy of `template`, which is dropped at the end of the block."""

    @contextmanager
    def copy() -> Iterator[str]:
        name = f"ready_{next(_numbers)}"
        statement = "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy"
        postgres.execute(sql.SQL(statement).format(*map(sql.Identifier, (name, template, Role.OWNER.login))))
        yield f"127.0.0.1:{postgres.port}/{name}"
        postgres.drop_database(name)

    return copy


@pytest.fixture
def store(copied: Callable[[], AbstractContextManager[str]], passwords: Path) -> Iterator[Database]:
    """A store with all its tables and nothing in them but the policy's regions."""
    with copied() as address, closing(Database(address, passwords)) as made:
        yield made


@pytest.fixture(scope="module")
def shared_store(copied: Callable[[], AbstractContextManager[str]], passwords: Path) -> Iterator[Database]:
    """A store that the tests of one module share, where they do not meet: a copy takes longer than most tests."""
    with copied() as address, closing(Database(address, passwords)) as made:
        yield made


@pytest.fixture
def play(shared_store: Database, policy: PolicySet) -> Play:
    """A hub that nobody else has, in the shared store, as if one server held many."""
    hub = policy.profile.model_copy(update={"id": f"hub{next(_numbers)}"})
    return Play(shared_store, replace(policy, profile=hub), AS_OF)


@pytest.fixture
def office(
    tmp_path: Path,
    copied: Callable[[], AbstractContextManager[str]],
    passwords: Path,
    repository: Path,
    policy: PolicySet,
) -> Iterator[Office]:
    """A hub's office on a fresh store, with keys, passwords and the shipped policy; nobody answers its mail."""
    home = tmp_path / "home"
    shutil.copytree(passwords, home / "secrets")
    authority.create_hub_keys(home / "keys", now=AS_OF - timedelta(days=90), next_update=AS_OF + timedelta(days=365))
    with copied() as address:
        made = _office(home, repository, policy, address)
        yield made
        made.database.close()


def _office(home: Path, repository: Path, policy: PolicySet, address: str) -> Office:
    made = Office(home, repository / "include", PROFILE, address, "127.0.0.1:9")
    vars(made)["policy"] = policy  # what the cached property would load, without reading sixty files for each test
    return made
