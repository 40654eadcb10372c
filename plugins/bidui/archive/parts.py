"""One sealed file of a snapshot: a stream, compressed by zstandard, encrypted by age, in bounded memory both ways.

``age -d -i <identity> <file> | zstd -d`` opens it without this program.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import BinaryIO, cast

import zstandard
from pydantic import BaseModel, ConfigDict

from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.sealing import age, durable
from bidui.sealing.errors import SealCode, SealError

_LEVEL = 3
_REFUSALS = {
    SealCode.WRONG_RECIPIENT_KEY: ArchiveCode.WRONG_KEY,
    SealCode.KEY_UNUSABLE: ArchiveCode.KEY_UNUSABLE,
}


class Part(BaseModel):
    """A sealed file as it was written: its name, size in bytes and SHA-256 (hex)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    bytes: int
    sha256: str


class Pieces:
    """An iterator of bytes as a stream to read from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes (negative: the next piece); nothing at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def require_two(recipients: Sequence[str]) -> None:
    """Nothing is sealed for fewer than two different keys.

    Raises:
        ArchiveError: too_few_recipients.
    """
    if len(set(recipients)) < 2:
        raise ArchiveError(ArchiveCode.TOO_FEW_RECIPIENTS)


def seal(source: age.Readable, path: Path, recipients: Sequence[str]) -> Part:
    """Write what ``source`` gives into a new sealed file; an error of ``source`` comes back as it was raised.

    Raises:
        ArchiveError: too_few_recipients.
        OSError: the disk's own words.
    """
    require_two(recipients)
    compressed = zstandard.ZstdCompressor(level=_LEVEL).stream_reader(source)  # type: ignore[arg-type]
    with durable.created(path) as file:
        counted = _Counted(file)
        age.encrypt_stream(compressed, counted, recipients)
    return Part(file=path.name, bytes=counted.bytes, sha256=counted.hash.hexdigest())


def check(folder: Path, part: Part) -> None:
    """Whether the file is there and is the one that was written, byte by byte.

    Raises:
        ArchiveError: part_missing, part_damaged.
    """
    path = folder / part.file
    if not path.is_file():
        raise ArchiveError(ArchiveCode.PART_MISSING, part.file)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
            raise ArchiveError(ArchiveCode.PART_DAMAGED, part.file)


@contextmanager
def opened(path: Path, identities: Sequence[str]) -> Iterator[BinaryIO]:
    """What a sealed file holds, as a stream. That all of it was authentic is known at the end of the block only.

    Raises:
        ArchiveError: part_missing, part_damaged, wrong_key, key_unusable; at the end of the block.
    """
    if not path.is_file():
        raise ArchiveError(ArchiveCode.PART_MISSING, path.name)
    out, into = os.pipe()
    faults: list[Exception] = []
    pouring = Thread(target=_pour, args=(path, into, identities, faults), name="unseal", daemon=True)
    pouring.start()
    try:
        with os.fdopen(out, "rb") as stream:
            yield cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(stream))
    except Exception:  # of who reads; the reason may lie in what there was to read
        pouring.join()
        if not faults:
            raise
    pouring.join()
    for fault in faults:
        raise _refusal(fault, path.name) from None


def _pour(path: Path, into: int, identities: Sequence[str], faults: list[Exception]) -> None:
    """Decrypt into a pipe, in a thread of its own: pyrage pushes, readers pull."""
    try:
        with os.fdopen(into, "wb") as target, path.open("rb") as sealed:
            age.decrypt_stream(sealed, target, identities)
    except BrokenPipeError:
        pass  # the reader has seen enough
    except Exception as error:
        faults.append(error)


def _refusal(fault: Exception, name: str) -> Exception:
    if isinstance(fault, SealError):
        return ArchiveError(_REFUSALS.get(fault.code, ArchiveCode.PART_DAMAGED), name)
    return fault


class _Counted:
    """Counts and hashes what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.hash.update(data)
        self.bytes += len(data)
        return len(data)
