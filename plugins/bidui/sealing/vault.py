"""The sealed vault: originals and sent plaintext, found by their content's hash and stored encrypted."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from bidui.sealing import age
from bidui.sealing.errors import SealCode, SealError

_HASH = re.compile(r"[0-9a-f]{64}")


class Vault:
    """A folder of age files, each named by the SHA-256 of what it holds.

    A crash at any point leaves either no file or a whole one under a final name. Putting needs recipients
    only, so that whoever stores need not be able to read.
    """

    def __init__(self, folder: Path, recipients: Sequence[str], identities: Sequence[str] | None = None) -> None:
        """``recipients``: all may open what is put. ``identities``: only for getting.

        Raises:
            SealError: no_recipient.
        """
        if not recipients:
            raise SealError(SealCode.NO_RECIPIENT)
        self._folder = folder
        self._recipients = list(recipients)
        self._identities = list(identities or ())

    def put(self, data: bytes) -> str:
        """Store ``data``, at most once; returns its SHA-256 (hex).

        Raises:
            SealError: key_unusable.
            OSError: the disk's own words (full, read-only); nothing is left under a final name.
        """
        content_hash = hashlib.sha256(data).hexdigest()
        target = self._path(content_hash)
        if not target.exists():
            _write_durably(target, age.encrypt(data, self._recipients))
        return content_hash

    def has(self, content_hash: str) -> bool:
        """Whether that content was put here."""
        return self._path(content_hash).exists()

    def get(self, content_hash: str) -> bytes:
        """The content of that hash, decrypted and checked against it.

        Raises:
            SealError: not_in_vault, wrong_recipient_key, damaged, content_mismatch.
        """
        try:
            sealed = self._path(content_hash).read_bytes()
        except FileNotFoundError:
            raise SealError(SealCode.NOT_IN_VAULT) from None
        data = age.decrypt(sealed, self._identities)
        if hashlib.sha256(data).hexdigest() != content_hash:
            raise SealError(SealCode.CONTENT_MISMATCH)
        return data

    def _path(self, content_hash: str) -> Path:
        if not _HASH.fullmatch(content_hash):
            raise SealError(SealCode.NOT_IN_VAULT)
        return self._folder / content_hash[:2] / f"{content_hash}.age"


def _write_durably(target: Path, data: bytes) -> None:
    """Write, fsync, rename, fsync the folder: even after a power cut the name means the whole content."""
    _make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
