"""The project's own templates and the sample values they are filled with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

INCLUDE = Path(__file__).parents[3] / "include"


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """``documents`` and ``workbooks`` by template id."""
    return yaml.safe_load(Path(__file__).with_name("samples.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def made_at() -> datetime:
    return datetime.fromisoformat("2026-10-31T18:00:00+08:00")


@pytest.fixture
def include() -> Path:
    """The policy's folder."""
    return INCLUDE
