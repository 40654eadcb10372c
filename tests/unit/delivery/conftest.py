"""The project's own templates and the sample values they are filled with."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bidui.delivery.document import TERM
from bidui.delivery.filling import Standing
from bidui.delivery.wording import PUBLISHED
from bidui.policy.codes import CodeList

INCLUDE = Path(__file__).parents[3] / "include"


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """``documents`` and ``workbooks`` by template id."""
    return yaml.safe_load(Path(__file__).with_name("samples.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def standing() -> Standing:
    """What every template has: the words of the field late in 2026, and the years whose days off were known then."""
    listed = CodeList.load(INCLUDE / "dictionary" / "term.csv")
    words = {code: listed.label_of(code, date(2026, 10, 31)) for code in listed.codes}
    return {TERM: words, PUBLISHED: frozenset({2025, 2026})}


@pytest.fixture
def made_at() -> datetime:
    return datetime.fromisoformat("2026-10-31T18:00:00+08:00")


@pytest.fixture
def include() -> Path:
    """The policy's folder."""
    return INCLUDE
