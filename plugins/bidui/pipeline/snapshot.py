"""Taking a snapshot of the hub: database, roles and vault, sealed to two keys, at one moment (SQ-19, DC-01).

The ledger row of a snapshot (``core.snapshot``) is written before the dump, so the copy knows what it is a copy of;
how the snapshot turned out (``core.snapshot_taken``) is written after it. A restored database therefore equals the
manifest in every table, and a source in which nothing happened since in every table but ``core.snapshot_taken`` and
``core.restore_drill``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from bidui.archive import folder, inventory, manifest, objects, parts
from bidui.archive.manifest import Manifest
from bidui.archive.parts import Part, Pieces
from bidui.archive.programs import Programs
from bidui.domain.period import Period
from bidui.pipeline.office import Office
from bidui.sealing import age, backup_keys
from bidui.store import ledger, tables
from bidui.store.database import Role
from bidui.store.failpoints import reached


@dataclass(frozen=True)
class Taken:
    """A snapshot that is there: its folder, the hash that stands for it, its size in bytes, what it holds."""

    snapshot_id: str
    folder: Path
    manifest_hash: str
    bytes: int
    tables: int
    rows: int
    objects: int
    new: bool


def take(office: Office, period: str, as_of: datetime) -> Taken:
    """Take the snapshot of ``period`` as of now, unless this very one is there; record it.

    Raises:
        ArchiveError: too_few_recipients, program_missing, program_too_old, program_failed, not_written,
            object_unreadable.
    """
    snapshot_id = f"{Period.parse(period)}.{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    recipients = backup_keys.recipients(office.keys)
    parts.require_two(recipients)
    with office.database.begin(Role.OWNER) as connection:
        ledger.record_new(connection, tables.snapshot, {
            "snapshot_id": snapshot_id, "hub": office.policy.hub, "period": period, "policy_hash": office.policy.hash,
            "recipients": recipients, "recorded_as_of": as_of})  # fmt: skip
    reached("snapshot.registered")
    target = office.backup / snapshot_id
    new = _make(office, target, period, as_of, recipients)
    found, manifest_hash = manifest.read(target, age.read_identities(office.keys / backup_keys.IDENTITY))
    held = found.inventory
    made = Taken(snapshot_id, target, manifest_hash, found.bytes, len(held.tables), held.rows, found.objects, new)
    with office.database.begin(Role.OWNER) as connection:
        ledger.record_new(connection, tables.snapshot_taken, {
            "snapshot_id": snapshot_id, "manifest_hash": manifest_hash, "bytes": made.bytes, "tables": made.tables,
            "rows": made.rows, "objects": made.objects, "recorded_as_of": as_of})  # fmt: skip
    reached("snapshot.recorded")
    return made


def _make(office: Office, target: Path, period: str, as_of: datetime, recipients: Sequence[str]) -> bool:
    """Write the folder, unless it is there; one at a time."""
    with office.database.begin(Role.OWNER) as connection:
        # What is counted here and what is dumped there are one moment.
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        ledger.lock(connection, "snapshot")
        if target.exists():
            return False
        server, major = inventory.server(connection)
        programs = Programs(office.programs)
        programs.check(major)
        held = inventory.take(connection)
        hashes = office.vault.contents()  # after the database's moment: what its rows refer to is there by now
        with folder.building(target) as built:
            sealed = [
                _database(office, connection, programs, built, recipients),
                parts.seal(Pieces([_roles(held)]), built / manifest.ROLES, recipients),
                parts.seal(Pieces(objects.tar(office.vault, hashes)), built / manifest.VAULT, recipients),
            ]
            reached("snapshot.sealed")
            stated = Manifest(
                snapshot=target.name, hub=office.policy.hub, period=period, as_of=as_of, policy_hash=office.policy.hash,
                database=office.database_address.partition("/")[2], postgres=major, server=server,
                recipients=list(recipients), parts=sealed, inventory=held, objects=len(hashes),
                objects_digest=manifest.objects_digest(hashes),
            )  # fmt: skip
            manifest.write(built, stated, recipients)
        return True


def _database(
    office: Office, connection: Connection, programs: Programs, built: Path, recipients: Sequence[str]
) -> Part:
    exported = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    where = office.database.client_environment(Role.OWNER)
    with programs.dump(where, exported) as archive:
        return parts.seal(archive, built / manifest.DATABASE, recipients)


def _roles(held: inventory.Inventory) -> bytes:
    return "".join(f"{line};\n" for line in held.statements()).encode()
