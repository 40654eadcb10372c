"""Parsing an untrusted file in a child process with bounds on memory, time and output (design, decision 10).

Whatever the file does to its parser, the parent answers with rows or with a Refusal.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bidui.domain.issues import Refusal
from bidui.intake.child import TOO_HEAVY
from bidui.policy.contract import Limits

_CHILD = Path(__file__).with_name("child.py")
_MEGABYTE = 1 << 20
_HEAVY = {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU, -signal.SIGXFSZ, TOO_HEAVY}
_MARGIN_ROWS = 100
"""Titles and footers, which the contract's limit does not count."""

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH")
_ENCODINGS = ("utf-8-sig", "gb18030", "big5hkscs", "cp950", "utf-16")


@dataclass(frozen=True)
class Bounds:
    """What one parse may take. Of limits of the contract: `Bounds.of`."""

    file_megabytes: int
    rows: int
    memory_megabytes: int
    cpu_seconds: int
    wall_seconds: int
    output_megabytes: int

    @classmethod
    def of(cls, limits: Limits) -> Bounds:
        """Enough for an honest file of the agreed size.

        Measured: a workbook of 11 MB, 200,000 rows of 13 cells, takes 0.6 GB and 3 s.
        """
        cpu = 30 + limits.megabytes // 2
        return cls(
            file_megabytes=limits.megabytes,
            rows=limits.rows + _MARGIN_ROWS,
            memory_megabytes=1024 + 4 * limits.megabytes,
            cpu_seconds=cpu,
            wall_seconds=4 * cpu,
            output_megabytes=256 + 8 * limits.megabytes,
        )


@dataclass(frozen=True, repr=False)
class Sheet:
    """One sheet (or text file, with an empty name): non-empty rows, numbered as a person sees them."""

    name: str
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    filled: list[tuple[int, int]] = field(default_factory=list)
    """(row number, position) of cells that hold the value of a cell merged downwards."""
    encoding: str | None = None
    """Of a text file."""


def parse(
    data: bytes,
    bounds: Bounds,
    *,
    words: Iterable[str] = (),
    encoding: str | None = None,
    only_with: Iterable[str] | None = None,
) -> list[Sheet]:
    """The visible sheets of a workbook, or one sheet for a text file.

    Args:
        data: the unsealed bytes of the file.
        bounds: what the parse may take.
        words: known header words, folded: they decide a text file's encoding and delimiter.
        encoding: the one that the contract declares for text files.
        only_with: parse only a workbook that has a visible sheet of one of these names; otherwise no sheet.

    Raises:
        Refusal: file_too_heavy, file_unreadable, too_many_rows, encoding_broken, broken_quotes.
    """
    if len(data) > bounds.file_megabytes * _MEGABYTE:
        raise Refusal("file_too_heavy", {"limit_megabytes": bounds.file_megabytes})
    job = {
        "rows": bounds.rows,
        "memory": bounds.memory_megabytes * _MEGABYTE,
        "cpu": bounds.cpu_seconds,
        "output": bounds.output_megabytes * _MEGABYTE,
        "words": sorted(words),
        "encodings": _encodings(encoding),
        "sheets": None if only_with is None else sorted(only_with),
    }
    with tempfile.TemporaryFile() as answer:
        code = _run(json.dumps(job).encode() + b"\n", data, answer, bounds.wall_seconds)
        if code:
            raise Refusal("file_too_heavy" if code in _HEAVY else "file_unreadable")
        answer.seek(0)
        return _sheets(answer)


def _encodings(declared: str | None) -> list[str]:
    return list(dict.fromkeys(((declared,) if declared else ()) + _ENCODINGS))


def _run(job: bytes, data: bytes, answer: IO[bytes], seconds: int) -> int:
    """Exit code of the child; a timeout counts as killed."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and file; the payload is only its input
            [sys.executable, "-I", str(_CHILD)], input=job + data, stdout=answer, stderr=subprocess.DEVNULL,
            timeout=seconds, check=False,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    return done.returncode


def _sheets(answer: IO[bytes]) -> list[Sheet]:
    """The child's lines as sheets; an answer without an end is none."""
    sheets: list[Sheet] = []
    ended: dict[str, Any] | None = None
    rows: list[tuple[int, list[str]]] = []
    for line in answer:
        value = json.loads(line)
        if isinstance(value, list):
            rows.append((value[0], value[1:]))
        elif "sheet" in value:
            sheets.append(Sheet(value["sheet"], encoding=value.get("encoding")))
            rows = sheets[-1].rows
        elif "filled" in value:
            sheets[-1].filled.extend((value["row"], position) for position in value["filled"])
        else:
            ended = value
    if ended is None:
        raise Refusal("file_unreadable")
    if ended["end"]:
        raise Refusal(ended["end"], ended.get("facts"))
    return sheets
