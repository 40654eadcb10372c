"""The index of the decisions names every one of them, in order."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "adr"
_LINE = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| \S", re.MULTILINE)


def test_every_decision_stands_in_the_index() -> None:
    index = _LINE.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert index == [(path.name[:4], path.name) for path in sorted(FOLDER.glob("[0-9]*.md"))]
