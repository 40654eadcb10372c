"""Counties for whole months: their policy, and their place on the shared Postgres.

Which seeds play all months says ``pytest --seeds 1,2,3`` or the environment (``SEEDS=1,2,3``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from bidui.pipeline import apply
from bidui.pipeline.office import Office as Hub
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK
from tests.e2e.county import PERIODS, County, copy_database, founded, policy_copy
from tests.e2e.played import Months, play

Found = Callable[..., AbstractContextManager[County]]


def seeds(config: pytest.Config) -> list[int]:
    """The seeds of the counties that play all months, each once."""
    return list(dict.fromkeys(map(int, str(config.getoption("--seeds")).replace(",", " ").split())))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for ``seed`` is done for each."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(metafunc.config), ids=lambda seed: f"seed {seed}", scope="session")


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


@pytest.fixture(scope="session")
def played(
    found: Found, files: Callable[[int], Path], small_policy: Path, pytestconfig: pytest.Config
) -> Iterator[Callable[[int], Months]]:
    """All months of the county of a seed, played once; of the first seed, each round is looked at before it goes on."""
    known: dict[int, Months] = {}
    with ExitStack() as open_until_the_end:

        def of(seed: int) -> Months:
            if seed not in known:
                county = open_until_the_end.enter_context(found(small_policy, files(seed)))
                known[seed] = play(county, look=seed == seeds(pytestconfig)[0])
            return known[seed]

        yield of
