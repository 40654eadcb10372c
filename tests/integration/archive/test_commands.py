"""The commands that an operator types, and what they say."""

from __future__ import annotations

import pytest

from bidui.sealing import backup_keys
from tests.integration.archive.conftest import QUARTER, Hub, command
from tests.integration.archive.test_restore import ours

pytestmark = pytest.mark.slow


def test_from_keys_to_a_restored_hub(own_hub: Hub, fresh, second, tmp_path):
    (own_hub.office.keys / backup_keys.ESCROW).unlink()
    refused = command(own_hub, "snapshot")
    assert (refused.returncode, "bidui keys escrow" in refused.stderr) == (1, True)

    made = command(own_hub, "keys", "escrow", str(tmp_path / "escrow.identity"))
    assert (made.returncode, "age1" in made.stdout) == (0, True), made.stderr

    taken = command(own_hub, "snapshot", "--period", QUARTER)
    assert taken.returncode == 0, taken.stderr
    (folder,) = own_hub.office.backup.iterdir()
    assert str(folder) in taken.stdout

    (tmp_path / "admin").write_text(second.password)
    new = tmp_path / "new"
    arguments = [
        "restore", "--snapshot", str(folder), "--identity", str(tmp_path / "escrow.identity"), "--into", fresh.address,
        "--admin-password", str(tmp_path / "admin"), "--home", str(new), "--vault-to", str(new / "vault"),
    ]  # fmt: skip
    keyless = command(own_hub, *arguments)
    assert (keyless.returncode, "bidui keys init" in keyless.stderr) == (1, True)
    assert command(own_hub, "keys", "init", BIDUI_HOME=str(new)).returncode == 1  # no clock there yet
    (new).mkdir(exist_ok=True)
    (new / "clock.json").write_text((own_hub.office.home / "clock.json").read_text())
    assert command(own_hub, "keys", "init", BIDUI_HOME=str(new)).returncode == 0
    done = command(own_hub, *arguments)
    assert done.returncode == 0, done.stderr
    assert "全部一致" in done.stdout
    assert {p.name for p in (new / "secrets").iterdir()} == {"db_owner", "db_intake", "db_compare", "db_deliver"}
    assert len(list((new / "vault").glob("*/*.age"))) == 2

    again = command(own_hub, *arguments)
    assert (again.returncode, "全新的服务器" in again.stderr) == (1, True)
    assert "Traceback" not in refused.stderr + keyless.stderr + again.stderr


def test_a_drill(own_hub: Hub, fresh, second):
    nowhere = command(own_hub, "snapshot"), command(own_hub, "drill")
    assert [done.returncode for done in nowhere] == [0, 1]
    assert "BIDUI_DRILL_DB" in nowhere[1].stderr
    (own_hub.office.home / "secrets" / "db_drill").write_text(second.password)
    done = command(own_hub, "drill", BIDUI_DRILL_DB=fresh.address)
    assert (done.returncode, "全部一致" in done.stdout) == (0, True), done.stderr
    assert ours(fresh) == []
