"""The list that makes a folder of sealed files one snapshot: what it was taken of, its parts, what they must hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bidui.archive import parts
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.archive.inventory import Inventory
from bidui.archive.parts import Part, Pieces

FILE = "manifest.json.zst.age"
DATABASE, ROLES, VAULT = "database.dump.zst.age", "roles.sql.zst.age", "vault.tar.zst.age"


class Manifest(BaseModel):
    """Names, numbers and digests only: no value of any row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: Literal[1] = 1
    snapshot: str
    hub: str
    period: str
    as_of: datetime
    policy_hash: str
    database: str
    postgres: int
    """Major version of the server."""
    server: str
    """The server's own identifier: no snapshot is restored onto the server that it was taken of."""
    recipients: list[str]
    parts: list[Part]
    inventory: Inventory
    objects: int
    objects_digest: str

    @property
    def bytes(self) -> int:
        """Size of all parts."""
        return sum(part.bytes for part in self.parts)


def objects_digest(hashes: Sequence[str]) -> str:
    """SHA-256 (hex) of the sorted hashes of the vault's contents."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def write(folder: Path, manifest: Manifest, recipients: Sequence[str]) -> None:
    """Seal the manifest into the snapshot's folder."""
    parts.seal(Pieces([manifest.model_dump_json(indent=1).encode()]), folder / FILE, recipients)


def read(folder: Path, identities: Sequence[str]) -> tuple[Manifest, str]:
    """The manifest, and the SHA-256 (hex) of its sealed file, which stands for the whole snapshot.

    Raises:
        ArchiveError: no_snapshot, wrong_key, part_damaged, unknown_form.
    """
    path = folder / FILE
    if not path.is_file():
        raise ArchiveError(ArchiveCode.NO_SNAPSHOT, folder.name)
    with parts.opened(path, identities) as stream:
        stated = stream.read()
    try:
        return Manifest.model_validate_json(stated), hashlib.sha256(path.read_bytes()).hexdigest()
    except ValidationError:  # its text quotes what it refuses
        raise ArchiveError(ArchiveCode.UNKNOWN_FORM, folder.name) from None
