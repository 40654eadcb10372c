"""Restoring a snapshot onto a fresh server, and the drill that proves each snapshot by doing so (SQ-19).

`restore` needs no office: a repository, a snapshot's folder, one of its two keys and an empty Postgres are enough.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from bidui.archive import inventory, manifest, objects, parts
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.archive.manifest import Manifest
from bidui.archive.programs import Programs
from bidui.archive.target import DRILL, UNFINISHED, Target, clear
from bidui.pipeline.office import Office
from bidui.sealing import age, authority, backup_keys, durable
from bidui.sealing.errors import SealError
from bidui.sealing.vault import Vault
from bidui.store import ledger, tables
from bidui.store.database import Role, StoreError
from bidui.store.failpoints import reached
from bidui.store.server import Server

_REFERRED = "SELECT package_hash FROM core.package UNION SELECT content_hash FROM out.document"
"""What the ledger says is in the vault."""


@dataclass(frozen=True)
class Restored:
    """What a restore came to. ``differences`` is empty when the copy equals what the snapshot was taken of."""

    snapshot_id: str
    manifest_hash: str
    seconds: float
    tables: int
    rows: int
    objects: int
    differences: tuple[str, ...]


def restore(
    folder: Path, identities: Sequence[str], server: Server, programs: Programs, *,
    vault: Vault | None = None, passwords: Path | None = None, mark: str = UNFINISHED, manifest_hash: str | None = None,
) -> Restored:  # fmt: skip
    """Restore the snapshot in ``folder`` into a fresh ``server`` and compare all of it.

    Args:
        folder: the snapshot.
        identities: age identities; one that the snapshot was sealed to is enough.
        server: a server in which none of the snapshot's roles and databases exist.
        programs: Postgres' client programs.
        vault: where to put the vault's contents; None: each is hashed and let go.
        passwords: folder of the roles' passwords (``db_<role>``); those that are missing are made. None: nobody may
            log in.
        mark: `UNFINISHED`, or `DRILL` for a copy that the next drill may clear.
        manifest_hash: the manifest that this must be, where the ledger knows it.

    Raises:
        ArchiveError: every refusal; the server is as fresh then as it was before.
    """
    begun = time.monotonic()
    stated, found_hash = manifest.read(folder, identities)
    if manifest_hash not in (None, found_hash):
        raise ArchiveError(ArchiveCode.NOT_ON_RECORD, stated.snapshot)
    for part in stated.parts:
        parts.check(folder, part)
    target = Target(server, stated, programs, mark)
    target.require_fresh()
    try:
        found = _fill(folder, identities, stated, target, vault)
        if passwords is not None:
            target.set_passwords(_passwords(passwords, stated.inventory.roles))
        if mark == UNFINISHED:
            target.finish()
    except BaseException as fault:
        with suppress(StoreError):  # the first fault is the one to be told
            clear(server, mark)
        raise _told(fault) from None
    held = stated.inventory
    return Restored(
        stated.snapshot, found_hash, round(time.monotonic() - begun, 3), len(held.tables), held.rows, stated.objects,
        tuple(found),
    )  # fmt: skip


def _told(fault: BaseException) -> BaseException:
    """A fault in the words of the archive, where it has some."""
    if isinstance(fault, StoreError):
        return ArchiveError(ArchiveCode.TARGET_FAILED, str(fault))
    if isinstance(fault, OSError):
        return ArchiveError(ArchiveCode.NOT_WRITTEN, os.strerror(fault.errno or 0))
    return fault


def _fill(folder: Path, identities: Sequence[str], stated: Manifest, target: Target, vault: Vault | None) -> list[str]:
    """Restore everything; what differs."""
    with parts.opened(folder / manifest.ROLES, identities) as stream:
        statements = [line.removesuffix(";") for line in stream.read().decode().splitlines()]
    with parts.opened(folder / manifest.DATABASE, identities) as archive:
        target.restore(statements, archive)
    reached("restore.filled")
    keep: Callable[[bytes], str] = vault.put if vault else objects.hash_only
    with parts.opened(folder / manifest.VAULT, identities) as stream:
        hashes = list(objects.untar(stream, keep))
    found = inventory.differences(stated.inventory, target.inventory())
    if manifest.objects_digest(hashes) != stated.objects_digest:
        found.append(f"vault：{stated.objects} → {len(hashes)}")
    found += [f"vault：缺 {missing}" for missing in sorted(target.referred(_REFERRED) - set(hashes))]
    return found


def _passwords(folder: Path, roles: Sequence[str]) -> dict[str, str]:
    """Role → password, as the folder has it or made now."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {role.login: folder / f"db_{role}" for role in Role}
    found = {}
    for role in roles:
        file = files.get(role, folder / f"db_{role}")
        if not file.exists():
            durable.write(file, secrets.token_urlsafe(24).encode())
        found[role] = file.read_text(encoding="utf-8").strip()
    return found


def identities_of(file: Path) -> list[str]:
    """The identities in a file.

    Raises:
        ArchiveError: key_unusable.
    """
    try:
        return age.read_identities(file)
    except SealError:
        raise ArchiveError(ArchiveCode.KEY_UNUSABLE, file.name) from None


def server(address: str, password_file: Path, user: str = "postgres") -> Server:
    """A server by its superuser.

    Raises:
        ArchiveError: target_unreachable (no such file).
    """
    try:
        return Server(address, password_file.read_text(encoding="utf-8").strip(), user)
    except OSError:
        raise ArchiveError(ArchiveCode.TARGET_UNREACHABLE, password_file.name) from None


def new_vault(folder: Path, keys: Path) -> Vault:
    """A vault to be filled, sealed for the hub whose ``keys`` these are.

    Raises:
        ArchiveError: no_vault_key.
    """
    try:
        return Vault(folder, [authority.hub_keys(keys).recipient])
    except SealError:
        raise ArchiveError(ArchiveCode.NO_VAULT_KEY, str(keys)) from None


def drill(office: Office, as_of: datetime, *, period: str | None = None) -> Restored:
    """Restore the newest snapshot (of ``period``) on the drill's server, compare everything, and record how it went.

    Repeating it for the same ``as_of`` after a success changes nothing.

    Raises:
        ArchiveError: every refusal; it is on record, too.
    """
    with office.database.begin(Role.OWNER) as connection:
        ledger.lock(connection, "restore drill")
        taken = connection.execute(_NEWEST, {"hub": office.policy.hub, "period": period}).first()
        if taken is None:
            raise ArchiveError(ArchiveCode.NO_SNAPSHOT, period or "")
        done = connection.execute(_DONE, {"id": taken.snapshot_id, "as_of": as_of}).first()
        if done is not None:
            return Restored(
                taken.snapshot_id, taken.manifest_hash, float(done.seconds), taken.tables, taken.rows, taken.objects, ()
            )  # fmt: skip
        begun = time.monotonic()
        try:
            restored = _practise(office, taken)
        except ArchiveError as error:
            failed = error
            _record(connection, taken.snapshot_id, as_of, time.monotonic() - begun, 0, [error.code.value])
        else:
            _record(connection, taken.snapshot_id, as_of, restored.seconds, restored.tables, restored.differences)
            return restored
    raise failed


_NEWEST = text("""
    SELECT t.* FROM core.snapshot_taken t JOIN core.snapshot s USING (snapshot_id)
    WHERE s.hub = :hub AND s.period = coalesce(:period, s.period)
    ORDER BY t.recorded_as_of DESC, snapshot_id DESC LIMIT 1
""")
_DONE = text("""
    SELECT seconds FROM core.restore_drill WHERE snapshot_id = :id AND recorded_as_of = :as_of AND all_equal
""")


def _practise(office: Office, taken: Row[Any]) -> Restored:
    password = office.home / "secrets" / "db_drill"
    if not office.drill_server or not password.exists():
        raise ArchiveError(ArchiveCode.NO_TARGET)
    target, identities = server(office.drill_server, password), identities_of(office.keys / backup_keys.IDENTITY)
    restored = restore(
        office.backup / taken.snapshot_id, identities, target, Programs(office.programs), mark=DRILL,
        manifest_hash=taken.manifest_hash,
    )  # fmt: skip
    if not office.drill_keeps:
        clear(target, DRILL)
    return restored


def _record(
    connection: Connection, snapshot_id: str, as_of: datetime, seconds: float, compared: int, differences: Sequence[str]
) -> None:
    before = connection.execute(
        text("SELECT count(*) FROM core.restore_drill WHERE snapshot_id = :id"), {"id": snapshot_id}
    ).scalar_one()
    ledger.record(connection, tables.restore_drill, {
        "snapshot_id": snapshot_id, "ordinal": before + 1, "seconds": round(seconds, 3), "tables": compared,
        "all_equal": not differences, "differences": list(differences), "recorded_as_of": as_of})  # fmt: skip
