"""A snapshot's folder: under a temporary name while it is written, under its own once it is whole and on the disk."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.sealing import durable
from bidui.store.failpoints import reached


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """An empty folder that becomes ``target`` at the end of the block; nothing stays of it when the block fails.

    One at a time: what a process that was killed left beside it is removed first.

    Raises:
        ArchiveError: not_written (the disk is full, read-only, away).
    """
    temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}.part"
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in target.parent.glob(".*.part"):
            shutil.rmtree(left)
        temporary.mkdir(mode=0o700)
        yield temporary
        durable.sync(temporary)
        reached("snapshot.before_rename")
        temporary.rename(target)
        durable.sync(target.parent)
    except OSError as error:
        raise ArchiveError(ArchiveCode.NOT_WRITTEN, os.strerror(error.errno or 0)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    reached("snapshot.renamed")
