"""Postgres' own client programs: found, checked, and run so that nothing of what they say gets out.

``pg_dump`` and ``pg_restore`` quote rows and statements in their complaints (COPY context, failing SQL). Only which
program ended how, and one of a few known reasons, leaves this module.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bidui.archive.errors import ArchiveCode, ArchiveError

_REASONS = {
    "password authentication failed": "口令不对",
    "could not connect|connection to server|server closed the connection": "与服务器的连接断了",
    "permission denied": "权限不够",
    "No space left|could not extend": "磁盘满了",
    "canceling statement": "语句被取消",
}
_COMPLAINT = 64 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Programs:
    """The programs in ``folder``; None: those on the PATH."""

    folder: Path | None = None

    @contextmanager
    def dump(self, where: Mapping[str, str], snapshot: str) -> Iterator[BinaryIO]:
        """The database at ``where`` (libpq's variables), as an exported ``snapshot`` shows it: an uncompressed archive.

        Raises:
            ArchiveError: program_missing, program_failed.
        """
        command = ["--format=custom", "--compress=none", f"--snapshot={snapshot}", "--no-password"]
        with self._running("pg_dump", command, where, stdout=subprocess.PIPE) as process:
            assert process.stdout
            yield process.stdout  # type: ignore[misc]

    def restore(self, where: Mapping[str, str], archive: BinaryIO) -> None:
        """Restore an archive into the empty database at ``where``: all of it or nothing.

        Raises:
            ArchiveError: program_missing, program_failed.
        """
        command = [
            f"--dbname={where['PGDATABASE']}", "--single-transaction", "--exit-on-error", "--no-password",
        ]  # fmt: skip
        with (
            self._running("pg_restore", command, where, stdin=subprocess.PIPE) as process,
            suppress(BrokenPipeError),  # it has given up; its exit status says so
        ):
            assert process.stdin
            with process.stdin:
                shutil.copyfileobj(archive, process.stdin, _PIECE)

    def check(self, server_version: int) -> None:
        """Whether the programs are there and can talk to a server of that major version.

        Raises:
            ArchiveError: program_missing, program_too_old.
        """
        for name in ("pg_dump", "pg_restore"):
            done = subprocess.run([self._find(name), "--version"], capture_output=True, text=True, check=False)
            found = re.search(r"(\d+)", done.stdout)
            if found is None or int(found[1]) < server_version:
                raise ArchiveError(
                    ArchiveCode.PROGRAM_TOO_OLD, f"{name} {found[1] if found else '?'} < {server_version}"
                )

    def _find(self, name: str) -> str:
        found = shutil.which(name, path=str(self.folder) if self.folder else None)
        if found is None:
            raise ArchiveError(ArchiveCode.PROGRAM_MISSING, name)
        return found

    @contextmanager
    def _running(
        self,
        name: str,
        arguments: list[str],
        where: Mapping[str, str],
        stdin: int | None = None,
        stdout: int = subprocess.DEVNULL,
    ) -> Iterator[subprocess.Popen[bytes]]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        with tempfile.TemporaryFile() as complaint:
            process = subprocess.Popen(
                [self._find(name), *arguments], env={**kept, **where, "LC_ALL": "C"}, stdin=stdin, stdout=stdout,
                stderr=complaint,
            )  # fmt: skip
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                for stream in (process.stdin, process.stdout):
                    if stream:
                        with suppress(BrokenPipeError):
                            stream.close()
                status = process.wait()
            if status:
                complaint.seek(0)
                raise ArchiveError(ArchiveCode.PROGRAM_FAILED, name, *_reasons(complaint.read(_COMPLAINT)), str(status))


def _reasons(complaint: bytes) -> list[str]:
    text = complaint.decode(errors="replace")
    return [reason for pattern, reason in _REASONS.items() if re.search(pattern, text)]
