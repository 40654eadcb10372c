"""The commands that the READMEs tell people to type exist, and both READMEs tell the same ones."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from bidui.cli import app

ROOT = Path(__file__).resolve().parents[3]
READMES = ["README.md", "README.zh-CN.md"]
_FENCE = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_TABLE = re.compile(r"^\| (`[a-z][^|]*?) \|", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def shell_lines(name: str) -> list[str]:
    """The lines of the fenced blocks that are to be typed."""
    return [line for block in _FENCE.findall(read(name)) for line in block.splitlines() if line.strip()]


def targets(name: str) -> set[str]:
    """Make targets, in blocks and in the text."""
    said = [*shell_lines(name), *re.findall(r"`[^`\n]+`", read(name))]
    return {target for text in said for target in re.findall(r"\bmake ([a-z-]+)", text)}


def subcommands(name: str) -> set[tuple[str, ...]]:
    """Subcommands of ``python -m bidui``: those in blocks, and those in the table that is headed by it."""
    table = re.search(r"^\| `python -m bidui …` \|.*?\n\n", read(name), re.DOTALL | re.MULTILINE)
    assert table, "the table of the command line is gone"
    listed = [
        cell
        for row in _TABLE.findall(table[0])
        for cell in re.findall(r"`([a-z][a-z -]*)`", row)
        if "python" not in cell
    ]
    typed = [m[1] for line in shell_lines(name) if (m := re.search(r"python -m bidui ([a-z][a-z -]*)", line))]
    return {tuple(words.split()) for words in [*listed, *typed]}


def known_subcommands() -> set[tuple[str, ...]]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found: set[tuple[str, ...]] = set()
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found |= {(name, sub) for sub in inner} if inner else {(name,)}
    return found


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_exists(name: str) -> None:
    make = shutil.which("make")
    assert make, "make is one of the four things that the README asks for"
    assert {"demo", "test", "down", "looks"} <= targets(name)
    for target in sorted(targets(name)):
        done = subprocess.run([make, "-n", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{name}: make {target}: {done.stderr}"


@pytest.mark.parametrize("name", READMES)
def test_every_subcommand_exists_and_none_is_left_out(name: str) -> None:
    assert subcommands(name) == known_subcommands()


@pytest.mark.parametrize("words", sorted(known_subcommands()), ids=" ".join)
def test_a_subcommand_explains_itself(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    assert words[-1] in shown.output


def test_both_readmes_tell_the_same_commands() -> None:
    english, chinese = (shell_lines(name) for name in READMES)
    assert english == chinese
    assert targets(READMES[0]) == targets(READMES[1])
    assert subcommands(READMES[0]) == subcommands(READMES[1])


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", *READMES, *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]
)
def test_links_lead_somewhere(page: str) -> None:
    for link in _LINK.findall(read(page)):
        assert (ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}"


@pytest.mark.parametrize("name", READMES)
def test_files_named_in_the_text_exist(name: str) -> None:
    named = re.findall(r"`((?:include|tests|docs|plugins|dags|demo)/[A-Za-z0-9_./-]+)`", read(name))
    assert len(named) > 8
    for path in named:
        assert (ROOT / path).exists(), f"{name}: {path}"
