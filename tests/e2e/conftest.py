"""Counties that play all months.

Which seeds play all months says ``pytest --seeds 1,2,3`` or the environment (``SEEDS=1,2,3``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.counties import Found
from tests.e2e.county import PERIODS
from tests.e2e.played import Months, play


def seeds(config: pytest.Config) -> list[int]:
    """The seeds of the counties that play all months, each once."""
    return list(dict.fromkeys(map(int, str(config.getoption("--seeds")).replace(",", " ").split())))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for ``seed`` is done for each."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(metafunc.config), ids=lambda seed: f"seed {seed}", scope="session")


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
