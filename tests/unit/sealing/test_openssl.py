"""The openssl command: absent, too old, or not it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidui.sealing import openssl
from bidui.sealing.errors import SealCode, SealError


@pytest.mark.parametrize("answer", ["OpenSSL 1.1.1w  11 Sep 2023", "LibreSSL 3.9.2", "command not understood"])
def test_anything_before_3_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    command = tmp_path / "openssl"
    command.write_text(f"#!/bin/sh\necho '{answer}'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SealError) as caught:
        openssl.run(["version"])
    assert caught.value.code is SealCode.OPENSSL_TOO_OLD


def test_its_absence_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SealError) as caught:
        openssl.run(["version"])
    assert caught.value.code is SealCode.OPENSSL_MISSING


def test_the_machines_own_settings_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "openssl.cnf"
    broken.write_text("openssl_conf = nowhere\n[nowhere]\nproviders = none\n[none]\n")
    monkeypatch.setenv("OPENSSL_CONF", str(broken))
    assert openssl.run(["dgst", "-sha256", "/dev/null"]).returncode == 0
