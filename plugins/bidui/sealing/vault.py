"""The sealed vault: originals and sent plaintext, found by their content's hash and stored encrypted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from bidui.sealing import age, durable
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
            _make_folder(target.parent)
            durable.write(target, age.encrypt(data, self._recipients))
        return content_hash

    def has(self, content_hash: str) -> bool:
        """Whether that content was put here."""
        return self._path(content_hash).exists()

    def contents(self) -> list[str]:
        """The hashes of all that was put here, sorted."""
        return sorted(path.stem for path in self._folder.glob("*/*.age") if _HASH.fullmatch(path.stem))

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


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.sync(folder.parent)
