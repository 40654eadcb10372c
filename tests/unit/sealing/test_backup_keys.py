"""The keys of snapshots: made once; of the escrow key only the public half stays."""

from __future__ import annotations

import pytest

from bidui.sealing import age, backup_keys
from bidui.sealing.errors import SealCode, SealError


def test_the_hubs_own_key_is_made_once(tmp_path):
    backup_keys.create(tmp_path)
    before = backup_keys.recipients(tmp_path)
    backup_keys.create(tmp_path)
    assert backup_keys.recipients(tmp_path) == before
    assert len(before) == 1


def test_the_escrow_file_opens_what_its_recipient_was_sealed(tmp_path):
    (tmp_path / "keys").mkdir()
    recipient = backup_keys.create_escrow(tmp_path / "keys", tmp_path / "away")
    identities = age.read_identities(tmp_path / "away")
    assert age.decrypt(age.encrypt(b"x", [recipient]), identities) == b"x"
    assert [p.name for p in (tmp_path / "keys").iterdir()] == [backup_keys.ESCROW]


@pytest.mark.parametrize("there", ["away", f"keys/{backup_keys.ESCROW}"])
def test_nothing_is_overwritten(tmp_path, there):
    (tmp_path / "keys").mkdir()
    (tmp_path / there).write_text("before")
    with pytest.raises(SealError) as refused:
        backup_keys.create_escrow(tmp_path / "keys", tmp_path / "away")
    assert refused.value.code is SealCode.KEYS_EXIST
    assert [p.read_text() for p in (tmp_path / "keys").iterdir()] in ([], ["before"])
