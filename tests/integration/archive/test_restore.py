"""A snapshot is proven by restoring it: everything comes back, from either key, onto an empty server only."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from bidui.archive import inventory, manifest
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.archive.programs import Programs
from bidui.pipeline.restore import identities_of, new_vault, restore
from bidui.pipeline.restore import server as server_of
from bidui.sealing import authority
from bidui.sealing.vault import Vault
from bidui.store.database import Database, Role, StoreError
from bidui.store.server import Server
from tests.e2e.county import digests
from tests.integration.archive.conftest import AWKWARD, NOW
from tests.integration.archive.test_snapshot import CANARY, VERSION, with_programs


def ours(server: Server) -> list[str]:
    """Databases and roles of ours on a server."""
    asked = """
        SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')
        UNION ALL SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)'
    """
    with server.begin() as connection:
        return sorted(connection.execute(text(asked)).scalars())


# --- all of it comes back ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", ["own_key", "escrow"])
def test_everything_comes_back_from_one_key_alone(hub, taken, copy, fresh, programs, key):
    done = restore(copy, identities_of(getattr(hub, key)), fresh, programs)
    assert done.differences == ()
    assert (done.snapshot_id, done.manifest_hash) == (taken.snapshot_id, taken.manifest_hash)
    assert (done.tables, done.rows, done.objects) == (taken.tables, taken.rows, 2)
    assert done.tables > 35


def test_a_source_in_which_nothing_happened_differs_in_two_tables_only(hub, taken, fresh, programs, postgres, second):
    """Counted here by other means than the product's."""
    restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    source, copy = digests(postgres.dsn(hub.database)), digests(second.dsn(hub.database))
    assert {name for name in source.keys() | copy.keys() if source.get(name) != copy.get(name)} == {
        "core.snapshot_taken"
    }  # fmt: skip


def test_the_roles_log_in_with_new_passwords_and_may_what_they_might(hub, taken, fresh, programs, tmp_path):
    restore(taken.folder, identities_of(hub.escrow), fresh, programs, passwords=tmp_path)
    with closing(Database(f"{fresh.address}/{hub.database}", tmp_path)) as restored:
        with restored.begin(Role.INTAKE) as connection:
            found = connection.execute(text("SELECT text FROM identity.term WHERE term_id >= 100")).scalars()
            assert sorted(found) == sorted(AWKWARD)
        with pytest.raises(StoreError) as refused, restored.begin(Role.COMPARE) as connection:
            connection.execute(text("SELECT text FROM identity.term"))
        assert refused.value.sqlstate == "42501"
    for role in Role:
        new, old = (folder / f"db_{role}" for folder in (tmp_path, hub.office.home / "secrets"))
        assert new.read_text() != old.read_text()
        assert new.stat().st_mode & 0o077 == 0


def test_passwords_that_the_new_machine_has_already_are_kept(hub, taken, fresh, programs, tmp_path):
    (tmp_path / "db_owner").write_text("chosen before\n", encoding="utf-8")
    restore(taken.folder, identities_of(hub.own_key), fresh, programs, passwords=tmp_path)
    assert (tmp_path / "db_owner").read_text() == "chosen before\n"
    with closing(Database(f"{fresh.address}/{hub.database}", tmp_path)) as restored, restored.begin(Role.OWNER):
        pass


def test_the_vault_is_sealed_anew_for_the_new_hubs_key(hub, taken, fresh, programs, tmp_path):
    keys = tmp_path / "keys"
    authority.create_hub_keys(keys, now=NOW, next_update=NOW + timedelta(days=9))
    restore(
        taken.folder, identities_of(hub.escrow), fresh, programs, vault=new_vault(tmp_path / "vault", keys)
    )  # fmt: skip
    found = Vault(tmp_path / "vault", ["unused"], authority.identities(keys))
    assert found.contents() == hub.office.vault.contents()
    assert [found.get(h) for h in found.contents()] == [hub.office.vault.get(h) for h in found.contents()]


def test_a_vault_needs_a_key_to_be_sealed_to(tmp_path):
    with pytest.raises(ArchiveError) as refused:
        new_vault(tmp_path / "vault", tmp_path / "keys")
    assert refused.value.code is ArchiveCode.NO_VAULT_KEY


# --- nothing of it, if it is not whole ---------------------------------------------------------------------------
def flipped(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


@pytest.mark.parametrize("name", [manifest.DATABASE, manifest.ROLES, manifest.VAULT])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (flipped, ArchiveCode.PART_DAMAGED), (lambda data: data[:-1], ArchiveCode.PART_DAMAGED),
        (lambda data: b"", ArchiveCode.PART_DAMAGED), (lambda data: None, ArchiveCode.PART_MISSING),
    ],
    ids=["a flipped bit", "cut short", "empty", "not there"],
)  # fmt: skip
def test_a_part_that_is_not_as_it_was_is_refused(hub, copy, fresh, programs, name, spoil, code):
    refused_when(hub, copy, fresh, programs, name, spoil, code)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (flipped, ArchiveCode.PART_DAMAGED), (lambda data: data[:-1], ArchiveCode.PART_DAMAGED),
        (lambda data: b"not age", ArchiveCode.PART_DAMAGED), (lambda data: None, ArchiveCode.NO_SNAPSHOT),
    ],
    ids=["a flipped bit", "cut short", "something else", "not there"],
)  # fmt: skip
def test_a_manifest_that_is_not_as_it_was_is_refused(hub, copy, fresh, programs, spoil, code):
    refused_when(hub, copy, fresh, programs, manifest.FILE, spoil, code)


def refused_when(hub, copy, fresh, programs, name, spoil, code):
    data = spoil((copy / name).read_bytes())
    (copy / name).unlink()
    if data is not None:
        (copy / name).write_bytes(data)
    with pytest.raises(ArchiveError) as refused:
        restore(copy, identities_of(hub.own_key), fresh, programs)
    assert refused.value.code is code
    assert ours(fresh) == []


def test_a_part_of_another_snapshot_is_refused(hub, copy, fresh, programs):
    (copy / manifest.ROLES).write_bytes((copy / manifest.VAULT).read_bytes())
    with pytest.raises(ArchiveError) as refused:
        restore(copy, identities_of(hub.own_key), fresh, programs)
    assert refused.value.code is ArchiveCode.PART_DAMAGED


def test_another_key_opens_nothing(hub, taken, fresh, programs):
    with pytest.raises(ArchiveError) as refused:
        restore(taken.folder, authority.identities(hub.office.keys), fresh, programs)
    assert refused.value.code is ArchiveCode.WRONG_KEY
    assert ours(fresh) == []


@pytest.mark.parametrize("content", [None, "", "age1notasecret\n", "AGE-SECRET-KEY-1NONSENSE\n"])
def test_a_key_file_without_a_key(taken, fresh, programs, tmp_path, content):
    if content is not None:
        (tmp_path / "key").write_text(content)
    with pytest.raises(ArchiveError) as refused:
        restore(taken.folder, identities_of(tmp_path / "key"), fresh, programs)
    assert refused.value.code is ArchiveCode.KEY_UNUSABLE


@pytest.mark.parametrize("when", ["at once", "after a while"])
def test_a_restore_that_breaks_off_leaves_the_server_as_it_was(hub, taken, fresh, tmp_path, own_hub, when):
    eats = "cat > /dev/null; " if when == "after a while" else ""
    script = f"{VERSION}{eats}echo 'COPY term: \"{CANARY}\"' >&2; exit 1"
    fake = with_programs(own_hub, tmp_path / "programs", pg_restore=script.replace("pg_dump", "pg_restore"))
    with pytest.raises(ArchiveError) as failed:
        restore(taken.folder, identities_of(hub.own_key), fresh, Programs(fake.office.programs))
    assert failed.value.code is ArchiveCode.PROGRAM_FAILED
    assert CANARY not in repr(failed.value)
    assert ours(fresh) == []


# --- only onto a fresh server ------------------------------------------------------------------------------------
def test_the_server_that_it_was_taken_of_is_refused(hub, taken, programs, postgres):
    with pytest.raises(ArchiveError) as refused:
        restore(
            taken.folder, identities_of(hub.own_key), Server(f"localhost:{postgres.port}", postgres.password), programs
        )
    assert refused.value.code is ArchiveCode.TARGET_IS_SOURCE


def test_a_server_with_a_role_of_that_name_is_refused_and_left_alone(hub, taken, fresh, programs):
    fresh.run("CREATE ROLE bidui_owner", "CREATE DATABASE theirs OWNER bidui_owner")
    with pytest.raises(ArchiveError, match="bidui_owner") as refused:
        restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    assert refused.value.code is ArchiveCode.TARGET_NOT_FRESH
    assert ours(fresh) == ["bidui_owner", "theirs"]


def test_a_server_with_a_database_of_that_name_is_refused_and_left_alone(hub, taken, fresh, programs):
    fresh.run(f"CREATE DATABASE {hub.database}")
    with pytest.raises(ArchiveError, match=hub.database) as refused:
        restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    assert refused.value.code is ArchiveCode.TARGET_NOT_FRESH
    assert ours(fresh) == [hub.database]


def test_a_second_restore_is_refused(hub, taken, fresh, programs):
    restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    with pytest.raises(ArchiveError) as refused:
        restore(taken.folder, identities_of(hub.own_key), fresh, programs)
    assert refused.value.code is ArchiveCode.TARGET_NOT_FRESH
    assert len(ours(fresh)) == 5


def test_databases_of_others_do_not_matter(hub, taken, fresh, programs):
    fresh.run("CREATE ROLE somebody LOGIN", "CREATE DATABASE theirs OWNER somebody")
    assert restore(taken.folder, identities_of(hub.own_key), fresh, programs).differences == ()
    assert {"somebody", "theirs"} < set(ours(fresh))


def test_a_server_that_is_away_or_does_not_know_us(hub, taken, fresh, programs, tmp_path):
    (tmp_path / "password").write_text(CANARY)
    for address, password in ((fresh.address, tmp_path / "password"), ("127.0.0.1:9", tmp_path / "password")):
        with pytest.raises(ArchiveError) as refused:
            restore(taken.folder, identities_of(hub.own_key), server_of(address, password), programs)
        assert refused.value.code is ArchiveCode.TARGET_UNREACHABLE
        assert CANARY not in repr(refused.value)


# --- what differs is seen ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("DELETE FROM identity.term WHERE term_id = 100", "identity.term："),
        ("UPDATE identity.term SET text = 'x' WHERE term_id = 100", "identity.term："),
        ("UPDATE core.package SET recorded_as_of = recorded_as_of + interval '1 microsecond'", "core.package："),
        ("UPDATE core.signal_seen SET amount = 1234.5", "core.signal_seen："),
        ("CREATE TABLE core.more (x int)", "core.more：无 → 0 行"),
        ("GRANT SELECT ON identity.term TO bidui_compare", "grants：多 SELECT on identity.term to bidui_compare"),
        ("REVOKE INSERT ON core.package FROM bidui_intake", "grants：缺 INSERT on core.package to bidui_intake"),
        ("GRANT SELECT (term_id) ON identity.term TO bidui_compare", "grants：多 SELECT on identity.term.term_id"),
        ("GRANT CREATE ON DATABASE {db} TO PUBLIC", "database_rights：多 GRANT CREATE"),
        ("ALTER TABLE core.sequel OWNER TO bidui_intake", "relations：缺 r core.sequel owned by bidui_owner"),
        ("ALTER TABLE core.sequel ALTER x SET DEFAULT 1", "columns：缺 core.sequel.x integer"),
        ("DROP INDEX identity.term_by_canonical", "indexes：缺 CREATE INDEX term_by_canonical"),
        ("ALTER TABLE identity.term DROP CONSTRAINT term_kind_text_key", "constraints：缺 identity.term term_kind"),
        ("CREATE OR REPLACE VIEW core.run_in_force AS SELECT * FROM core.run", "views：缺 core.run_in_force"),
        ("SELECT nextval('core.counter')", "sequences：缺 core.counter at"),
        ("ALTER ROLE bidui_intake CREATEDB", "roles：缺 CREATE ROLE bidui_intake LOGIN"),
        ("GRANT bidui_intake TO bidui_deliver", "memberships：多 GRANT bidui_intake TO bidui_deliver"),
        ("ALTER ROLE bidui_intake IN DATABASE {db} SET work_mem = '7MB'", "settings：多 ALTER ROLE bidui_intake IN"),
        ("CREATE POLICY p ON core.region", "policies：多 core.region p"),
        ("CREATE FUNCTION core.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "routines：多 core.f()"),
        ("CREATE EXTENSION pg_trgm", "extensions：多 pg_trgm"),
    ],
)  # fmt: skip
def test_every_kind_of_difference_is_told(reference, hub, change, seen):
    server, before = reference
    with server.begin(hub.database) as connection:
        connection.exec_driver_sql(change.format(db=hub.database))
        found = inventory.differences(before, inventory.take(connection))
        connection.get_transaction().rollback()
    assert any(line.startswith(seen) for line in found), found


@pytest.fixture(scope="module")
def reference(hub, taken, programs, second):
    """A restored database that nobody changes for good, and what it holds."""
    server = Server(f"127.0.0.1:{second.port}", second.password)
    restore(taken.folder, identities_of(hub.own_key), server, programs)
    with server.begin(hub.database) as connection:
        for statement in ("SET ROLE bidui_owner", "CREATE TABLE core.sequel (x int)", "CREATE SEQUENCE core.counter"):
            connection.exec_driver_sql(statement)
        before = inventory.take(connection)
    yield server, before
    second.drop_database(hub.database)
    for role in Role:
        second.execute(f"DROP ROLE {role.login}")
