"""Counties of tests: their policy, and their place on the shared Postgres."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from bidui.pipeline import apply
from bidui.pipeline.office import Office as Hub
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK
from tests.e2e.county import County, copy_database, founded, policy_copy

Found = Callable[..., AbstractContextManager[County]]


@pytest.fixture(scope="session")
def small_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy, for a county a tenth as large; nobody writes to it."""
    return policy_copy(tmp_path_factory.mktemp("policy") / "include")


@pytest.fixture(scope="session")
def ready(
    postgres: Postgres, provision: Callable[[str], None], passwords: Path, small_policy: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:  # fmt: skip
    """The name of a database with the small policy's tables and regions, made once; counties take copies of it."""
    name, home = "template_of_counties", tmp_path_factory.mktemp("ready")
    postgres.create_database(name)
    provision(name)
    shutil.copytree(passwords, home / "secrets")
    hub = Hub(home, small_policy, "demo", f"{LOOPBACK}:{postgres.port}/{name}", f"{LOOPBACK}:9")
    apply.migrate_up(hub)
    apply.apply_policy(hub, datetime(2026, 10, 1, tzinfo=UTC))
    hub.database.close()
    return name


@pytest.fixture(scope="session")
def found(postgres: Postgres, ready: str, passwords: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Makes a county under a policy, on a copy of the template, with the synthetic files in ``synth``."""
    numbers = count(1)

    @contextmanager
    def made(include: Path, synth: Path, profile: str = "demo") -> Iterator[County]:
        home, name = tmp_path_factory.mktemp("county") / "home", f"county_{next(numbers)}"
        copy_database(postgres, ready, name)
        address = f"{LOOPBACK}:{postgres.port}/{name}"
        with founded(home, include, profile, address, postgres.dsn(name), passwords, synth) as county:
            yield county
        postgres.drop_database(name)

    return made
