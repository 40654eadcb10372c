"""Killed at any point, a snapshot is whole or not there, a restore clears what it left, and a second try succeeds."""

from __future__ import annotations

import signal

import pytest

from bidui.store.failpoints import VARIABLE
from tests.integration.archive.conftest import QUARTER, Hub, command
from tests.integration.archive.test_restore import ours
from tests.integration.archive.test_snapshot import FILES, folders, ledger

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("place", "whole", "recorded"),
    [
        ("snapshot.registered", False, False), ("snapshot.sealed", False, False),
        ("snapshot.before_rename", False, False), ("snapshot.renamed", True, False),
        ("snapshot.recorded", True, True),
    ],
)  # fmt: skip
def test_a_snapshot_is_whole_or_not_there(own_hub: Hub, place: str, whole: bool, recorded: bool):
    killed = command(own_hub, "snapshot", "--period", QUARTER, **{VARIABLE: place})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    seen = [name for name in folders(own_hub) if not name.startswith(".")]
    assert len(seen) == whole
    assert len(ledger(own_hub, "snapshot")) == 1
    assert len(ledger(own_hub, "snapshot_taken")) == recorded

    again = command(own_hub, "snapshot", "--period", QUARTER)
    assert again.returncode == 0, again.stderr
    assert ("这份备份已经有了" in again.stdout) == whole
    (folder,) = folders(own_hub)
    assert {p.name for p in (own_hub.office.backup / folder).iterdir()} == FILES
    (taken,) = ledger(own_hub, "snapshot_taken")
    assert taken["snapshot_id"] == folder
    assert str(taken["manifest_hash"]) in again.stdout


@pytest.mark.parametrize("place", ["restore.roles", "restore.database", "restore.filled"])
def test_a_restore_clears_what_a_killed_one_left(hub, taken, fresh, second, tmp_path, place):
    (tmp_path / "admin").write_text(second.password)
    arguments = (
        "restore", "--snapshot", str(taken.folder), "--identity", str(hub.escrow), "--into", fresh.address,
        "--admin-password", str(tmp_path / "admin"), "--home", str(tmp_path / "new"),
    )  # fmt: skip
    assert command(hub, *arguments, **{VARIABLE: place}).returncode == -signal.SIGKILL
    assert ours(fresh) != []
    again = command(hub, *arguments)
    assert again.returncode == 0, again.stderr
    assert "全部一致" in again.stdout
    assert command(hub, *arguments).returncode == 1
