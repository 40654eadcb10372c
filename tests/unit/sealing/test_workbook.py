"""Password workbooks: out and back, and the ways in which one does not open."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from io import BytesIO

import olefile
import openpyxl
import pytest

from bidui.sealing import workbook
from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.workbook import Protection

PASSWORD = "k7mw-29xd-qfhr-8tvn"
OTHERS_PASSWORD = "Password1234_"


@pytest.mark.parametrize(("rows", "smallest", "largest"), [(5, 4_000, 5_500), (6_500, 180_000, 260_000)])
def test_a_workbook_goes_out_and_comes_back(
    workbook_of: Callable[[int], bytes], rows: int, smallest: int, largest: int
) -> None:
    plain = workbook_of(rows)
    assert smallest < len(plain) < largest
    sealed = workbook.seal(plain, PASSWORD)
    assert sealed.startswith(olefile.MAGIC)
    opened = workbook.open_(sealed, ["not-this-one", PASSWORD])
    assert opened == plain
    sheet = openpyxl.load_workbook(BytesIO(opened), read_only=True).active
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == [f"第{row}行" for row in range(rows)]


def test_a_package_under_four_kilobytes_is_padded(workbook_of: Callable[[int], bytes]) -> None:
    plain = recompressed(workbook_of(1))
    assert len(plain) < 4_097
    opened = workbook.open_(workbook.seal(plain, PASSWORD), [PASSWORD])
    assert len(opened) > 4_097
    assert openpyxl.load_workbook(BytesIO(opened)).active["A1"].value == "第0行"


def test_a_size_that_exactly_fills_the_containers_index_is_padded(
    workbook_of: Callable[[int], bytes],
) -> None:
    out = BytesIO(workbook_of(1))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/media/image1.png", os.urandom(15_300_000 - len(out.getvalue())))
    plain = out.getvalue()
    with pytest.raises(SealError):
        workbook.open_(workbook._encrypt(plain, PASSWORD) or b"", [PASSWORD])
    opened = workbook.open_(workbook.seal(plain, PASSWORD), [PASSWORD])
    assert parts(opened) == {
        name: content.rstrip() if name == "[Content_Types].xml" else content for name, content in parts(plain).items()
    }


def test_chinese_passwords_work(workbook_of: Callable[[int], bytes]) -> None:
    plain = workbook_of(5)
    assert workbook.open_(workbook.seal(plain, "云溪县2026"), ["云溪县2026"]) == plain


@pytest.mark.parametrize(
    ("name", "protection"),
    [
        ("agile_password.xlsx", Protection.AGILE),
        ("standard_password.docx", Protection.STANDARD),
        ("rc4_password.xls", Protection.LEGACY),
        ("plain.xls", Protection.NONE),
    ],
)
def test_files_of_other_programs_are_recognised(
    foreign_file: Callable[[str], bytes], name: str, protection: Protection
) -> None:
    assert workbook.protection(foreign_file(name)) is protection


@pytest.mark.parametrize(
    ("name", "start"),
    [("agile_password.xlsx", b"PK"), ("standard_password.docx", b"PK"), ("rc4_password.xls", olefile.MAGIC)],
)
def test_files_of_other_programs_open(foreign_file: Callable[[str], bytes], name: str, start: bytes) -> None:
    assert workbook.open_(foreign_file(name), ["wrong", OTHERS_PASSWORD]).startswith(start)


@pytest.mark.parametrize("name", ["agile_password.xlsx", "standard_password.docx", "rc4_password.xls"])
@pytest.mark.parametrize("passwords", [[], ["wrong"], [""], ["wrong", "PASSWORD1234_"]])
def test_no_password_fits(foreign_file: Callable[[str], bytes], name: str, passwords: list[str]) -> None:
    assert refusal(foreign_file(name), passwords) is SealCode.WRONG_PASSWORD


def test_a_plain_file_is_not_sealed(workbook_of: Callable[[int], bytes], foreign_file: Callable[[str], bytes]) -> None:
    assert refusal(workbook_of(5)) is SealCode.NOT_SEALED
    assert refusal(foreign_file("plain.xls")) is SealCode.NOT_SEALED


@pytest.mark.parametrize("data", [b"", b"a,b\r\n", b"%PDF-1.7"])
def test_other_bytes_are_no_workbook(data: bytes) -> None:
    assert refusal(data) is SealCode.UNKNOWN_FORMAT


def test_an_encrypted_container_of_another_kind_is_said_so(sealed: bytes) -> None:
    """WPS account encryption and rights management: a container without the streams of a password."""
    renamed = sealed.replace("EncryptedPackage".encode("utf-16-le"), "EncryptedContent".encode("utf-16-le"))
    assert refusal(renamed) is SealCode.UNSUPPORTED_ENCRYPTION


def test_an_unknown_version_of_the_encryption_is_said_so(sealed: bytes) -> None:
    assert refusal(sealed.replace(b"\x04\x00\x04\x00\x40\x00\x00\x00", b"\x04\x00\x03\x00\x40\x00\x00\x00")) is (
        SealCode.UNSUPPORTED_ENCRYPTION
    )


def test_a_file_may_not_ask_for_endless_work(sealed: bytes) -> None:
    assert b'spinCount="100000"' in sealed
    greedy = sealed.replace(b"SHA512", b"SHA51", 1).replace(b'spinCount="100000"', b'spinCount="9900000"')
    assert len(greedy) == len(sealed)
    assert refusal(greedy) is SealCode.UNSUPPORTED_ENCRYPTION


def test_a_flipped_byte_is_noticed(sealed: bytes) -> None:
    for position in (len(sealed) // 2, len(sealed) // 3):
        broken = bytearray(sealed)
        broken[position] ^= 1
        assert refusal(bytes(broken)) is SealCode.DAMAGED


@pytest.mark.parametrize("kept", [8, 600, 0.3, 0.9])
def test_a_truncated_file_is_noticed(sealed: bytes, kept: float) -> None:
    length = kept if isinstance(kept, int) else int(len(sealed) * kept)
    assert refusal(sealed[:length]) is SealCode.DAMAGED


def test_only_workbooks_are_sealed_and_never_without_a_password(workbook_of: Callable[[int], bytes]) -> None:
    with pytest.raises(SealError) as caught:
        workbook.seal(b"a,b\r\n", PASSWORD)
    assert caught.value.code is SealCode.UNKNOWN_FORMAT
    with pytest.raises(SealError) as caught:
        workbook.seal(workbook_of(5), "")
    assert caught.value.code is SealCode.KEY_UNUSABLE


@pytest.fixture(scope="module")
def sealed(workbook_of: Callable[[int], bytes]) -> bytes:
    return workbook.seal(workbook_of(500), PASSWORD)


def refusal(data: bytes, passwords: list[str] | None = None) -> SealCode:
    with pytest.raises(SealError) as caught:
        workbook.open_(data, [PASSWORD] if passwords is None else passwords)
    return caught.value.code


def recompressed(data: bytes) -> bytes:
    """The workbook without its theme and with the best compression: smaller than any that Excel writes."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, b"" if "theme" in name else content)
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {
            name: archive.read(name).rstrip() if name == "[Content_Types].xml" else archive.read(name)
            for name in archive.namelist()
        }
