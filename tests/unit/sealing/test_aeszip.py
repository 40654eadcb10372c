"""Encrypted archives: several files at once, out and in."""

from __future__ import annotations

import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
import pyzipper

from bidui.sealing import aeszip
from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.zip_guard import guard_zip

PASSWORD = "k7mw-29xd-qfhr-8tvn"
CSV = "姓名,金额\r\n".encode() * 2_000


def refusal(data: bytes, passwords: list[str] | None = None, **limits: int) -> SealCode:
    with pytest.raises(SealError) as caught:
        aeszip.open_(data, [PASSWORD] if passwords is None else passwords, **limits)
    return caught.value.code


def test_files_go_out_under_neutral_names_and_come_back() -> None:
    sealed = aeszip.seal([(".csv", CSV), (".xlsx", b"two")], PASSWORD)
    assert [entry.name for entry in guard_zip(sealed, max_bytes=1 << 20, max_members=2)] == [
        "01.csv",
        "02.xlsx",
    ]
    opened = aeszip.open_(sealed, ["wrong", PASSWORD])
    assert [(member.name, member.data, member.encryption) for member in opened] == [
        ("01.csv", CSV, "aes"),
        ("02.xlsx", b"two", "aes"),
    ]
    assert "two" not in repr(opened)


def test_a_name_is_not_a_suffix() -> None:
    with pytest.raises(ValueError, match="suffix"):
        aeszip.seal([("张三.csv", CSV)], PASSWORD)


@pytest.mark.parametrize(("files", "password"), [([], PASSWORD), ([(".csv", CSV)], "")])
def test_nothing_is_sealed_without_files_or_password(files: list[tuple[str, bytes]], password: str) -> None:
    with pytest.raises(SealError):
        aeszip.seal(files, password)


def test_wrong_password() -> None:
    sealed = aeszip.seal([(".csv", CSV)], PASSWORD)
    assert refusal(sealed, ["wrong", "也不对"]) is SealCode.WRONG_PASSWORD
    assert refusal(sealed, []) is SealCode.WRONG_PASSWORD


def test_a_flipped_byte_is_noticed() -> None:
    sealed = bytearray(aeszip.seal([(".csv", CSV)], PASSWORD))
    sealed[len(sealed) // 3] ^= 1
    assert refusal(bytes(sealed)) is SealCode.DAMAGED


def test_a_truncated_archive_is_noticed() -> None:
    assert refusal(aeszip.seal([(".csv", CSV)], PASSWORD)[:-30]) is SealCode.DAMAGED


def test_the_guard_stands_before_it() -> None:
    sealed = aeszip.seal([(".csv", CSV), (".csv", CSV)], PASSWORD)
    assert refusal(sealed, max_members=1) is SealCode.TOO_LARGE
    assert refusal(sealed, max_bytes=1_000) is SealCode.TOO_LARGE


def test_an_archive_with_any_clear_file_is_not_sealed() -> None:
    out = BytesIO()
    with pyzipper.AESZipFile(out, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.writestr("a.csv", CSV)
    with pyzipper.AESZipFile(out, "a") as archive:
        archive.writestr("b.csv", CSV)
    assert refusal(out.getvalue()) is SealCode.NOT_SEALED


def test_a_password_typed_in_gbk_and_a_name_from_chinese_windows() -> None:
    out = BytesIO()
    with pyzipper.AESZipFile(out, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword("云溪县".encode("gbk"))
        archive.writestr("AAAAAAAA.csv", CSV)
    data = out.getvalue().replace(b"AAAAAAAA", "残疾名单".encode("gbk"))
    assert [(member.name, member.data) for member in aeszip.open_(data, ["云溪县"])] == [("残疾名单.csv", CSV)]


def test_unpack_is_for_clear_archives_only() -> None:
    out = BytesIO()
    with pyzipper.ZipFile(out, "w", pyzipper.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/a.csv", CSV)
    assert [(member.name, member.data) for member in aeszip.unpack(out.getvalue())] == [("folder/a.csv", CSV)]
    assert refusal(out.getvalue()) is SealCode.NOT_SEALED
    with pytest.raises(SealError) as caught:
        aeszip.unpack(aeszip.seal([(".csv", CSV)], PASSWORD))
    assert caught.value.code is SealCode.WRONG_PASSWORD


@pytest.mark.skipif(
    shutil.which("zip") is None and "CI" not in os.environ, reason="needs the zip command to write the legacy form"
)
def test_the_legacy_form_opens_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    zip_command = ["zip", "-q", "-P", PASSWORD, "a.zip", "a.csv"]
    subprocess.run(zip_command, cwd=tmp_path, check=True)
    data = (tmp_path / "a.zip").read_bytes()
    (member,) = aeszip.open_(data, ["wrong", PASSWORD])
    assert (member.data, member.encryption) == (CSV, "legacy")
    # One wrong password in 256 passes its first check; none may pass to the end.
    assert refusal(data, [f"wrong-{number}" for number in range(600)]) is SealCode.WRONG_PASSWORD
