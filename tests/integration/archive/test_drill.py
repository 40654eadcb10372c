"""The drill: the newest snapshot is restored on another server, compared, and how it went is on record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bidui.archive import manifest
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.pipeline.restore import drill, identities_of
from bidui.pipeline.snapshot import take
from bidui.sealing import backup_keys
from bidui.store.server import Server
from demo.services.postgres import Postgres
from tests.integration.archive.conftest import NOW, QUARTER, Hub
from tests.integration.archive.test_restore import flipped, ours
from tests.integration.archive.test_snapshot import ledger

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ready(own_hub: Hub, fresh: Server, second: Postgres) -> Iterator[Hub]:
    """A hub with a server for its drills."""
    object.__setattr__(own_hub.office, "drill_server", fresh.address)
    (own_hub.office.home / "secrets" / "db_drill").write_text(second.password)
    return own_hub


def test_the_newest_snapshot_is_restored_compared_and_removed_again(ready, fresh):
    take(ready.office, QUARTER, NOW)
    newest = take(ready.office, QUARTER, LATER)
    done = drill(ready.office, LATER)
    assert (done.snapshot_id, done.differences) == (newest.snapshot_id, ())
    (row,) = ledger(ready, "restore_drill")
    assert (row["snapshot_id"], row["tables"], row["all_equal"], row["differences"], row["recorded_as_of"]) == (
        newest.snapshot_id, newest.tables, True, [], LATER,
    )  # fmt: skip
    assert row["seconds"] > 0
    assert ours(fresh) == []


def test_a_period_has_its_own_newest(ready):
    mine = take(ready.office, QUARTER, NOW)
    take(ready.office, "2027-01", LATER)
    assert drill(ready.office, LATER, period=QUARTER).snapshot_id == mine.snapshot_id


def test_repeated_for_the_same_time_it_does_nothing_and_later_it_drills_again(ready):
    take(ready.office, QUARTER, NOW)
    first = drill(ready.office, NOW)
    assert drill(ready.office, NOW) == first
    drill(ready.office, LATER)
    assert [row["ordinal"] for row in ledger(ready, "restore_drill")] == [1, 2]


def test_where_it_is_kept_the_next_drill_replaces_it(ready, fresh):
    object.__setattr__(ready.office, "drill_keeps", True)
    take(ready.office, QUARTER, NOW)
    drill(ready.office, NOW)
    assert len(ours(fresh)) == 5
    assert drill(ready.office, LATER).differences == ()
    assert len(ours(fresh)) == 5


def test_a_refusal_is_on_record_and_the_next_one_may_succeed(ready):
    taken = take(ready.office, QUARTER, NOW)
    file = taken.folder / manifest.DATABASE
    whole = file.read_bytes()
    file.write_bytes(flipped(whole))
    with pytest.raises(ArchiveError) as failed:
        drill(ready.office, NOW)
    assert failed.value.code is ArchiveCode.PART_DAMAGED
    file.write_bytes(whole)
    drill(ready.office, NOW)
    assert [(row["all_equal"], row["differences"]) for row in ledger(ready, "restore_drill")] == [
        (False, ["part_damaged"]), (True, []),
    ]  # fmt: skip


def test_another_manifest_than_the_one_on_record_is_refused(ready):
    """Whoever knows the two public keys can seal a snapshot; only the ledger says which one the hub took."""
    taken = take(ready.office, QUARTER, NOW)
    stated, _ = manifest.read(taken.folder, identities_of(ready.own_key))
    (taken.folder / manifest.FILE).unlink()
    manifest.write(taken.folder, stated, backup_keys.recipients(ready.office.keys))
    with pytest.raises(ArchiveError) as failed:
        drill(ready.office, NOW)
    assert failed.value.code is ArchiveCode.NOT_ON_RECORD


def test_an_original_that_the_ledger_names_and_the_vault_lacks_is_a_difference(ready):
    shutil.rmtree(ready.office.home / "vault")
    ready.office.vault.put("别的".encode())
    take(ready.office, QUARTER, NOW)
    (missing,) = drill(ready.office, NOW).differences
    assert missing.startswith("vault：缺 ")
    assert [row["all_equal"] for row in ledger(ready, "restore_drill")] == [False]


def test_nothing_to_drill_or_nowhere_to(own_hub):
    with pytest.raises(ArchiveError) as refused:
        drill(own_hub.office, NOW, period=QUARTER)
    assert refused.value.code is ArchiveCode.NO_SNAPSHOT
    take(own_hub.office, QUARTER, NOW)
    with pytest.raises(ArchiveError) as refused:
        drill(own_hub.office, NOW)
    assert refused.value.code is ArchiveCode.NO_TARGET
