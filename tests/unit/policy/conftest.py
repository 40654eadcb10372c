"""A copy of the policy folder to make mistakes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bidui.policy.loading import load
from bidui.policy.source import PolicyError
from tests.policies import unreleased


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """The shipped policy, to be spoilt."""
    return unreleased(tmp_path / "include")


@pytest.fixture
def spoil(include: Path) -> Callable[[str, str, str], int]:
    """Replaces the first ``old`` in a file; the line where it stood."""

    def replaced(file: str, old: str, new: str) -> int:
        path = include / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} says {old} no more"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1 + (len(old) - len(old.lstrip("\n")))

    return replaced


@pytest.fixture
def complaints(include: Path) -> Callable[..., list[str]]:
    """What loading says, one fault a line."""

    def said(profile: str = "demo") -> list[str]:
        with pytest.raises(PolicyError) as refused:
            load(include, profile)
        assert str(refused.value).splitlines() == [str(fault) for fault in refused.value.faults]
        return str(refused.value).splitlines()

    return said
