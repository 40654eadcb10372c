"""What the tests stand on: one embedded Postgres a session, and fresh databases in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.services.postgres import Postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running server of its own on a free port; ``postgres.dsn()`` is the superuser's."""
    server = Postgres(
        tmp_path_factory.mktemp("postgres"), settings={"shared_buffers": "128MB", "fsync": "off"}
    )
    server.start()
    yield server
    server.destroy()


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
