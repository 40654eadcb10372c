"""What a file is by its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO

import olefile
import pytest
import pyzipper

from bidui.sealing import aeszip, workbook
from bidui.sealing.recognise import Kind, recognise
from tests.unit.sealing.offices import Office

HEADER = "姓名,证件号码,参保状态\r\n"


def test_envelopes(office: Office, workbook_of: Callable[[int], bytes]) -> None:
    assert recognise(office.seal()) is Kind.MACHINE
    assert recognise(workbook_of(5)) is Kind.XLSX
    assert recognise(workbook.seal(workbook_of(5), "password")) is Kind.XLSX_PASSWORD
    assert recognise(aeszip.seal([(".csv", b"1")], "password")) is Kind.ZIP_AES


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("agile_password.xlsx", Kind.XLSX_PASSWORD),
        ("standard_password.docx", Kind.XLSX_PASSWORD),
        ("rc4_password.xls", Kind.XLS_PASSWORD),
        ("plain.xls", Kind.XLS),
    ],
)
def test_files_of_other_programs(foreign_file: Callable[[str], bytes], name: str, kind: Kind) -> None:
    assert recognise(foreign_file(name)) is kind


def test_plain_and_legacy_archives() -> None:
    out = BytesIO()
    with pyzipper.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", b"1")
    plain = out.getvalue()
    assert recognise(plain) is Kind.ZIP
    local, central = plain.index(b"PK\x03\x04") + 6, plain.index(b"PK\x01\x02") + 8
    legacy = bytearray(plain)
    legacy[local] |= 1
    legacy[central] |= 1
    assert recognise(bytes(legacy)) is Kind.ZIP_LEGACY


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("rows", [1, 10_000])
def test_text_in_the_encodings_of_daily_life(encoding: str, rows: int) -> None:
    assert recognise((HEADER * rows).encode(encoding)) is Kind.TEXT


@pytest.mark.parametrize(
    "start", ["<html><table>", "<?xml version='1.0'?>", "\r\n <TABLE border=1>", "<!DOCTYPE html>"]
)
def test_web_pages_under_a_workbooks_name(start: str) -> None:
    assert recognise((start + HEADER).encode("gb18030")) is Kind.MARKUP


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"%PDF-1.7\n\x00\x01",
        b"PK\x03\x04",
        b"PK\x03\x04" + b"x" * 500,
        olefile.MAGIC,
        b"\xff\xfe\x00\xd8",
    ],
)
def test_anything_else_is_unknown(data: bytes) -> None:
    assert recognise(data) is Kind.UNKNOWN


def test_random_bytes_never_raise() -> None:
    for start in (b"", b"PK\x03\x04", olefile.MAGIC):
        for _ in range(50):
            assert recognise(start + os.urandom(2_000)) in set(Kind)
