"""What the how-to pages tell people to type, typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    """The text of a how-to page."""
    return (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str) -> list[str]:
    """Each block of commands of a page."""
    return [dedent(block) if indent else block for indent, block in _BLOCK.findall(page(name))]


def typed(block: str, folder: Path, home: Path, include: Path, **more: str) -> str:
    """What commands say when they are typed in ``folder``, on the simulated clock of ``home``; they end well."""
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "plugins"), "BIDUI_PROFILE": "demo", "BIDUI_SIMULATED": "1",
        "BIDUI_HOME": str(home), "BIDUI_INCLUDE": str(include), **more,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euc", block.replace(".venv/bin/python", sys.executable)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout
