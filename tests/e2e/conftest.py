"""Counties for whole months: their policy, and their place on the shared Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from demo.services.postgres import Postgres
from tests.e2e.county import PERIODS, County, founded, policy_copy

Found = Callable[..., AbstractContextManager[County]]


@pytest.fixture(scope="session")
def small_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy, for a county a tenth as large; nobody writes to it."""
    return policy_copy(tmp_path_factory.mktemp("policy") / "include")


@pytest.fixture(scope="session")
def found(
    postgres: Postgres, passwords: Path, copied: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory,
) -> Found:  # fmt: skip
    """Makes a county under a policy, on a copy of the template store, with the synthetic files in ``synth``."""

    @contextmanager
    def made(include: Path, synth: Path, profile: str = "demo") -> Iterator[County]:
        home = tmp_path_factory.mktemp("county") / "home"
        with copied() as address:
            dsn = postgres.dsn(address.partition("/")[2])
            with founded(home, include, profile, address, dsn, passwords, synth) as county:
                yield county

    return made


@pytest.fixture(scope="session")
def files(small_policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The synthetic files of a seed, made once."""
    from bidui.synth import make

    known: dict[int, Path] = {}

    def of(seed: int) -> Path:
        if seed not in known:
            known[seed] = tmp_path_factory.mktemp(f"seed{seed}")
            make(small_policy, "demo", known[seed], seed=seed, scale=0.1, periods=PERIODS)
        return known[seed]

    return of
