"""The child process in which an untrusted envelope is opened. Run by path, by ``bidui.sealing.opening`` only.

In: one line of JSON (bounds, what to do, passwords), then the file's bytes. Out: one line of JSON, then what was
inside. It limits its own memory and time before it looks at a byte.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bidui.sealing import aeszip, recognise, workbook  # noqa: E402 - python -I knows no path but this one
from bidui.sealing.errors import SealCode, SealError  # noqa: E402


def main() -> None:
    """Do the one job and answer; the exit code is 0 whenever there was an answer."""
    job = json.loads(sys.stdin.buffer.readline())
    for what, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, job["memory"]),
        (resource.RLIMIT_CPU, job["cpu"]),
    ):
        resource.setrlimit(what, (bound, bound))
    data = sys.stdin.buffer.read()
    inside = b""
    try:
        answer: dict[str, Any] = {"kind": recognise.recognise(data).value}
        if job["open"]:
            inside, answer["weak"] = _open(data, answer["kind"], job["passwords"])
    except SealError as error:
        answer = {"error": error.code.value}
    except MemoryError:
        answer = {"error": SealCode.TOO_LARGE.value}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + inside)


def _open(data: bytes, kind: str, passwords: list[str]) -> tuple[bytes, bool]:
    """What is inside, and whether it was protected in a way that is easily broken."""
    if kind == recognise.Kind.ZIP_AES:
        members = aeszip.open_(data, passwords)
        if len(members) != 1:
            raise SealError(SealCode.PACKAGE_MALFORMED)
        return members[0].data, members[0].encryption != "aes"
    return workbook.open_(data, passwords), workbook.protection(data) is not workbook.Protection.AGILE


if __name__ == "__main__":
    main()
