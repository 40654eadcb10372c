"""The vault's contents as one tar stream, each member named by the SHA-256 of what it holds.

The members are what the vault keeps, not its sealed files: those open with the hub's own key only, and a snapshot has
to open with the escrow key alone. So they are opened here one at a time, in memory, and sealed again with the stream.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.sealing.errors import SealError
from bidui.sealing.vault import Vault

_BLOCK = tarfile.BLOCKSIZE


def tar(vault: Vault, hashes: Iterable[str]) -> Iterator[bytes]:
    """A tar of these contents, piece by piece.

    Raises:
        ArchiveError: object_unreadable.
    """
    for content_hash in hashes:
        try:
            data = vault.get(content_hash)
        except SealError:
            raise ArchiveError(ArchiveCode.OBJECT_UNREADABLE, content_hash) from None
        member = tarfile.TarInfo(content_hash)
        member.size, member.mode = len(data), 0o600
        yield member.tobuf()
        yield data
        yield bytes(-len(data) % _BLOCK)
    yield bytes(2 * _BLOCK)


def untar(stream: BinaryIO, keep: Callable[[bytes], str]) -> Iterator[str]:
    """Hand each content to ``keep``, which returns its SHA-256; yields the hashes, each as the tar names it.

    Raises:
        ArchiveError: part_damaged (a content is not the one that its name says).
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None or keep(file.read()) != member.name:
                    raise ArchiveError(ArchiveCode.PART_DAMAGED, member.name)
                yield member.name
    except tarfile.TarError:
        raise ArchiveError(ArchiveCode.PART_DAMAGED) from None


def hash_only(data: bytes) -> str:
    """For `untar`, when nothing is to be kept."""
    return hashlib.sha256(data).hexdigest()
