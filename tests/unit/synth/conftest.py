"""One synthetic hub for every test that only looks at it."""

from __future__ import annotations

import pytest

from tests.unit.synth.made import PERIODS, Made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three months at a tenth of the scale."""
    return Made(tmp_path_factory.mktemp("synth"), 1, 0.1, PERIODS)
