"""Telling what an untrusted file is, and opening it, in a child with bounded memory and time (design, decision 10)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.recognise import Kind

_CHILD = Path(__file__).with_name("opening_child.py")
_MEGABYTE = 1 << 20
_MEMORY_MEGABYTES = 1024
_PER_MEGABYTE = 8
"""Megabytes of memory for each megabyte of the file: a password workbook is held about three times."""
_SECONDS = 60
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Opened:
    """What was inside an envelope. Its repr shows no byte of it."""

    data: bytes = field(repr=False)
    weak: bool
    """Protected in a way that is easily broken: taken, and recorded."""


def kind(data: bytes) -> Kind:
    """What ``data`` is; UNKNOWN also for a file that breaks its reader."""
    try:
        return Kind(_asked(data, {"open": False, "passwords": []})[0]["kind"])
    except SealError:
        return Kind.UNKNOWN


def open_(data: bytes, passwords: Sequence[str]) -> Opened:
    """Open a password workbook or an archive of one encrypted file.

    Raises:
        SealError: those of ``workbook.open_`` and ``aeszip.open_``; package_malformed for an archive of several files;
            too_large or damaged for a file that took more than its bounds or broke its reader.
    """
    answer, inside = _asked(data, {"open": True, "passwords": list(passwords)})
    return Opened(inside, bool(answer["weak"]))


def _asked(data: bytes, job: dict[str, object]) -> tuple[dict[str, str], bytes]:
    bounds = {"memory": (_MEMORY_MEGABYTES + _PER_MEGABYTE * (len(data) // _MEGABYTE)) * _MEGABYTE, "cpu": _SECONDS}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and file; the payload is only its input
            [sys.executable, "-I", str(_CHILD)], input=json.dumps({**job, **bounds}).encode() + b"\n" + data,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=2 * _SECONDS, check=False,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SealError(SealCode.TOO_LARGE) from None
    head, _, inside = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise SealError(SealCode.TOO_LARGE if done.returncode < 0 else SealCode.DAMAGED)
    answer: dict[str, str] = json.loads(head)
    if "error" in answer:
        raise SealError(SealCode(answer["error"]))  # type: ignore[call-arg]  # looked up by its value
    return answer, inside
