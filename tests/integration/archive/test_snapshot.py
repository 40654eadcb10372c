"""A snapshot is one sealed set of files as of one moment, or it is not there."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bidui.archive import manifest, parts
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.pipeline.certify import create_escrow
from bidui.pipeline.office import OfficeError
from bidui.pipeline.restore import identities_of, restore
from bidui.pipeline.snapshot import take
from bidui.sealing import backup_keys
from bidui.sealing.errors import SealCode, SealError
from bidui.store.database import Role
from tests.integration.archive.conftest import AWKWARD, NOW, QUARTER, Hub

FILES = {manifest.FILE, manifest.DATABASE, manifest.ROLES, manifest.VAULT}
CANARY = "金丝雀990821"


def with_programs(hub: Hub, folder: Path, **scripts: str) -> Hub:
    """The hub with programs of its own in place of some of Postgres'."""
    folder.mkdir()
    for real in Path(hub.office.programs or "").iterdir():
        (folder / real.name).symlink_to(real)
    for name, script in scripts.items():
        (folder / name).unlink()
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    object.__setattr__(hub.office, "programs", folder)
    return hub


def ledger(hub: Hub, table: str) -> list[dict[str, object]]:
    with hub.office.database.begin(Role.OWNER) as connection:
        rows = connection.execute(text(f"SELECT * FROM core.{table} WHERE snapshot_id <> 'k'"))
        return [dict(row) for row in rows.mappings()]


def folders(hub: Hub) -> list[str]:
    """What lies in the folder of snapshots, under whatever name."""
    return sorted(p.name for p in hub.office.backup.iterdir()) if hub.office.backup.exists() else []


def test_it_is_four_sealed_files_that_only_their_owner_reads(taken):
    assert {p.name for p in taken.folder.iterdir()} == FILES
    assert {stat.S_IMODE(p.stat().st_mode) for p in taken.folder.iterdir()} == {0o600}
    assert stat.S_IMODE(taken.folder.stat().st_mode) == 0o700
    for file in taken.folder.iterdir():
        assert file.read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")
        assert file.read_bytes().count(b"-> X25519 ") == 2


def test_either_key_opens_all_of_it(hub, taken):
    for name in FILES:
        found = []
        for key in (hub.own_key, hub.escrow):
            with parts.opened(taken.folder / name, identities_of(key)) as stream:
                found.append(stream.read())
        assert found[0] == found[1] != b""


def test_the_manifest_tells_numbers_and_names_and_no_value(hub, taken):
    with parts.opened(taken.folder / manifest.FILE, identities_of(hub.own_key)) as stream:
        told = stream.read().decode()
    assert all(awkward not in told for awkward in AWKWARD if len(awkward) > 4)
    stated, _ = manifest.read(taken.folder, identities_of(hub.own_key))
    held = stated.inventory
    assert held.tables["identity.term"].rows == len(AWKWARD) + 1
    assert {table for table, found in held.tables.items() if not found.rows} == set()
    assert held.roles == ["bidui_compare", "bidui_deliver", "bidui_intake", "bidui_owner"]
    assert stated.recipients == backup_keys.recipients(hub.office.keys)
    assert stated.bytes == taken.bytes == sum((taken.folder / p.file).stat().st_size for p in stated.parts)


def test_the_roles_file_is_sql_for_an_empty_server_without_passwords(hub, taken):
    with parts.opened(taken.folder / manifest.ROLES, identities_of(hub.escrow)) as stream:
        lines = stream.read().decode().splitlines()
    assert "CREATE ROLE bidui_owner LOGIN INHERIT CONNECTION LIMIT -1;" in lines
    assert f"GRANT CONNECT ON DATABASE {hub.database} TO bidui_owner;" in lines
    (made,) = [line for line in lines if line.startswith("CREATE DATABASE")]
    assert made.startswith(f"CREATE DATABASE {hub.database} OWNER bidui_owner TEMPLATE template0 ENCODING 'UTF8' ")
    assert made.endswith(" LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8';")
    assert not any("PASSWORD" in line for line in lines)


def test_it_is_on_record_before_and_after(hub, taken):
    (begun,) = [row for row in ledger(hub, "snapshot") if row["snapshot_id"] == taken.snapshot_id]
    assert (begun["period"], begun["recorded_as_of"]) == (QUARTER, NOW)
    assert begun["recipients"] == backup_keys.recipients(hub.office.keys)
    (made,) = [row for row in ledger(hub, "snapshot_taken") if row["snapshot_id"] == taken.snapshot_id]
    assert (made["manifest_hash"], made["tables"], made["rows"], made["objects"]) == (
        taken.manifest_hash, taken.tables, taken.rows, 2,
    )  # fmt: skip


def test_the_same_again_is_there_already_and_a_later_one_stands_beside_it(own_hub):
    first = take(own_hub.office, QUARTER, NOW)
    again = take(own_hub.office, QUARTER, NOW)
    assert (first.new, again.new) == (True, False)
    assert (again.manifest_hash, len(ledger(own_hub, "snapshot_taken"))) == (first.manifest_hash, 1)
    later = take(own_hub.office, QUARTER, NOW + timedelta(hours=1))
    assert folders(own_hub) == [first.snapshot_id, later.snapshot_id]
    assert len(ledger(own_hub, "snapshot")) == len(ledger(own_hub, "snapshot_taken")) == 2


def test_what_is_written_while_it_is_taken_is_in_neither_the_list_nor_the_copy(own_hub, programs, fresh, tmp_path):
    """The dump begins when a row has come that the list does not know: both are of one moment, so it stays out."""
    late = "INSERT INTO identity.term VALUES (999, 'name', 'late', 'late')"
    dump = f'exec {programs.folder}/pg_dump "$@"'
    script = f'[ "$1" = --version ] || {programs.folder}/psql -qc "{late}" && {dump}'
    hub = with_programs(own_hub, tmp_path / "programs", pg_dump=script)
    taken = take(hub.office, QUARTER, NOW)
    with hub.office.database.begin(Role.OWNER) as connection:
        assert connection.execute(text("SELECT count(*) FROM identity.term WHERE text = 'late'")).scalar() == 1
    done = restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    assert done.differences == ()


# --- keys --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("missing", [backup_keys.ESCROW, backup_keys.RECIPIENT])
def test_one_key_is_not_enough(own_hub, missing):
    (own_hub.office.keys / missing).unlink()
    with pytest.raises(ArchiveError, match="两把不同的密钥") as refused:
        take(own_hub.office, QUARTER, NOW)
    assert refused.value.code is ArchiveCode.TOO_FEW_RECIPIENTS
    assert folders(own_hub) == ledger(own_hub, "snapshot") == []


def test_the_same_key_twice_is_one_key(own_hub):
    keys = own_hub.office.keys
    (keys / backup_keys.ESCROW).write_bytes((keys / backup_keys.RECIPIENT).read_bytes())
    with pytest.raises(ArchiveError) as refused:
        take(own_hub.office, QUARTER, NOW)
    assert refused.value.code is ArchiveCode.TOO_FEW_RECIPIENTS


def test_only_the_public_half_of_the_escrow_key_stays(hub):
    (secret,) = identities_of(hub.escrow)
    assert stat.S_IMODE(hub.escrow.stat().st_mode) == 0o600
    kept = [p for p in hub.office.home.rglob("*") if p.is_file() and "backup" not in p.parts]
    assert len(kept) > 10
    assert not any(secret.encode() in p.read_bytes() for p in kept)


def test_the_escrow_key_is_made_once_and_not_into_the_hubs_folder(hub, tmp_path):
    with pytest.raises(SealError) as refused:
        create_escrow(hub.office, tmp_path / "second")
    assert refused.value.code is SealCode.KEYS_EXIST
    with pytest.raises(OfficeError, match="移动介质"):
        create_escrow(hub.office, hub.office.home / "keys" / "escrow.identity")
    assert not (tmp_path / "second").exists()


# --- what goes wrong ---------------------------------------------------------------------------------------------
COMPLAINS = f"echo 'COPY identity.term, line 3: \"{CANARY}\"' >&2; exit 1"
VERSION = 'case "$1" in --version) echo "pg_dump (PostgreSQL) 18.6"; exit;; esac; '


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("echo 'pg_dump (PostgreSQL) 14.2'", ArchiveCode.PROGRAM_TOO_OLD, "pg_dump 14 < 18"),
        (VERSION + COMPLAINS, ArchiveCode.PROGRAM_FAILED, "pg_dump、1"),
        (VERSION + "head -c 100000 /dev/zero; " + COMPLAINS, ArchiveCode.PROGRAM_FAILED, "pg_dump、1"),
        (VERSION + f"echo 'permission denied for {CANARY}' >&2; exit 3", ArchiveCode.PROGRAM_FAILED, "权限不够、3"),
    ],
)  # fmt: skip
def test_a_program_that_fails_leaves_nothing_and_is_not_quoted(own_hub, tmp_path, script, code, said):
    hub = with_programs(own_hub, tmp_path / "programs", pg_dump=script)
    with pytest.raises(ArchiveError) as failed:
        take(hub.office, QUARTER, NOW)
    assert failed.value.code is code
    assert str(failed.value).endswith(said)
    assert CANARY not in repr(failed.value)
    assert folders(hub) == ledger(hub, "snapshot_taken") == []


def test_programs_that_are_not_there(own_hub, tmp_path):
    object.__setattr__(own_hub.office, "programs", tmp_path)
    with pytest.raises(ArchiveError, match="BIDUI_PG_BIN") as failed:
        take(own_hub.office, QUARTER, NOW)
    assert failed.value.code is ArchiveCode.PROGRAM_MISSING


def test_a_content_of_the_vault_that_cannot_be_opened_is_named(own_hub):
    content = own_hub.office.vault.contents()[0]
    file = own_hub.office.home / "vault" / content[:2] / f"{content}.age"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match=content) as failed:
        take(own_hub.office, QUARTER, NOW)
    assert failed.value.code is ArchiveCode.OBJECT_UNREADABLE
    assert folders(own_hub) == []


def test_a_disk_that_takes_no_more(own_hub):
    own_hub.office.backup.symlink_to("/dev/full")  # nothing can be made below it
    with pytest.raises(ArchiveError) as failed:
        take(own_hub.office, QUARTER, NOW)
    assert failed.value.code is ArchiveCode.NOT_WRITTEN
