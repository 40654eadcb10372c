"""The sealed vault."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from bidui.sealing import age
from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.vault import Vault
from tests.unit.sealing.offices import Office

CONTENT = b"synthetic content " * 50
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def vault(tmp_path: Path, office: Office) -> Vault:
    return Vault(tmp_path / "vault", [office.recipient], office.identities)


@pytest.fixture
def stored(vault: Vault, tmp_path: Path) -> Path:
    vault.put(CONTENT)
    (path,) = files(tmp_path)
    return path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def refusal(vault: Vault, content_hash: str = HASH) -> SealCode:
    with pytest.raises(SealError) as caught:
        vault.get(content_hash)
    return caught.value.code


def test_what_is_put_can_be_had_again(vault: Vault) -> None:
    assert not vault.has(HASH)
    assert vault.put(CONTENT) == HASH
    assert vault.has(HASH)
    assert vault.get(HASH) == CONTENT
    assert vault.get(vault.put(b"")) == b""


def test_nothing_lies_there_in_clear_or_for_others_to_read(stored: Path) -> None:
    assert b"synthetic" not in stored.read_bytes()
    assert stored.stat().st_mode & 0o777 == 0o600
    assert stored.parent.stat().st_mode & 0o077 == 0


def test_putting_twice_changes_nothing(vault: Vault, stored: Path, tmp_path: Path) -> None:
    before = stored.read_bytes(), stored.stat().st_mtime_ns
    assert vault.put(CONTENT) == HASH
    assert files(tmp_path) == [stored]
    assert (stored.read_bytes(), stored.stat().st_mtime_ns) == before


def test_every_recipient_can_open(tmp_path: Path, office: Office, stranger: Office) -> None:
    Vault(tmp_path, [office.recipient, stranger.recipient]).put(CONTENT)
    for hub in (office, stranger):
        assert Vault(tmp_path, [office.recipient], hub.identities).get(HASH) == CONTENT


def test_storing_needs_no_key_but_reading_does(tmp_path: Path, office: Office, stranger: Office) -> None:
    writer = Vault(tmp_path, [office.recipient])
    writer.put(CONTENT)
    assert refusal(writer) is SealCode.WRONG_RECIPIENT_KEY
    assert refusal(Vault(tmp_path, [office.recipient], stranger.identities)) is SealCode.WRONG_RECIPIENT_KEY


def test_a_vault_for_nobody_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(SealError) as caught:
        Vault(tmp_path, [])
    assert caught.value.code is SealCode.NO_RECIPIENT


def test_tampering_is_noticed(vault: Vault, stored: Path, office: Office) -> None:
    sealed = stored.read_bytes()
    stored.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert refusal(vault) is SealCode.DAMAGED
    stored.write_bytes(sealed[:-10])
    assert refusal(vault) is SealCode.DAMAGED
    stored.write_bytes(age.encrypt(b"other", [office.recipient]))
    assert refusal(vault) is SealCode.CONTENT_MISMATCH


@pytest.mark.parametrize("content_hash", ["0" * 64, "", "../../etc/passwd", HASH.upper()])
def test_what_is_not_there_is_said_so(vault: Vault, stored: Path, content_hash: str) -> None:
    with pytest.raises(SealError) as caught:
        vault.get(content_hash)
    assert caught.value.code is SealCode.NOT_IN_VAULT


@pytest.mark.parametrize("step", ["fsync", "write"])
def test_a_full_disk_leaves_nothing_under_a_final_name(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    (tmp_path / "vault" / HASH[:2]).mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync" if step == "fsync" else "open", full)
        with pytest.raises(OSError, match="no space"):
            vault.put(CONTENT)
    assert not vault.has(HASH)
    assert files(tmp_path) == []
    assert vault.get(vault.put(CONTENT)) == CONTENT


def test_the_file_is_on_disk_before_it_has_its_name(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda old, new: (steps.append("rename"), rename(old, new))[1])
    (tmp_path / "vault" / HASH[:2]).mkdir(parents=True)
    vault.put(CONTENT)
    assert steps == ["fsync", "rename", "fsync"]
