"""The directory guard: what a ZIP may not be."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.zip_guard import guard_zip

LIMITS = {"max_bytes": 50 << 20, "max_members": 100}


def archive(contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as target:
        for name, content in contents.items():
            target.writestr(name, content)
    return out.getvalue()


def refusal(data: bytes, **limits: int) -> SealCode:
    with pytest.raises(SealError) as caught:
        guard_zip(data, **(LIMITS | limits))
    return caught.value.code


def test_a_workbook_passes(workbook_of: Callable[[int], bytes]) -> None:
    entries = guard_zip(workbook_of(500), **LIMITS)
    assert "xl/workbook.xml" in {entry.name for entry in entries}
    assert all(entry.encryption == "none" for entry in entries)


def test_folders_and_backslashes_pass() -> None:
    entries = guard_zip(archive({"a/": b"", "a/b.csv": b"1", "a\\c.csv": b"1"}), **LIMITS)
    assert [(entry.name, entry.folder) for entry in entries] == [
        ("a/", True),
        ("a/b.csv", False),
        ("a\\c.csv", False),
    ]


def test_an_archive_written_as_a_stream_passes() -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError

    out = Pipe()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
        target.open("a.csv", "w", force_zip64=True) as file,
    ):
        file.write(b"1" * 1_000)
    assert guard_zip(out.getvalue(), **LIMITS)[0].size == 1_000


def test_names_from_chinese_windows_are_read() -> None:
    data = archive({"AAAAAAAA.csv": b"1"}).replace(b"AAAAAAAA", "残疾名单".encode("gbk"))
    assert [entry.name for entry in guard_zip(data, **LIMITS)] == ["残疾名单.csv"]


def test_names_that_are_not_gbk_do_not_stop_it() -> None:
    assert guard_zip(archive({"AA.csv": b"1"}).replace(b"AA.csv", b"\xff\xff.csv"), **LIMITS)


def test_limits_of_members_and_size() -> None:
    data = archive({f"{number}.csv": b"x" * 1_000 for number in range(10)})
    assert len(guard_zip(data, max_bytes=10_000, max_members=10)) == 10
    assert refusal(data, max_members=9) is SealCode.TOO_LARGE
    assert refusal(data, max_bytes=9_999) is SealCode.TOO_LARGE


def test_a_bomb_by_ratio() -> None:
    data = archive({"sheet.xml": bytes(40 << 20)})
    assert refusal(data) is SealCode.ZIP_BOMB
    assert guard_zip(data, **LIMITS, max_ratio=2_000)


def test_a_bomb_that_declares_too_little() -> None:
    data = archive({"sheet.xml": bytes(40 << 20)})
    assert refusal(data.replace(struct.pack("<L", 40 << 20), struct.pack("<L", 1_000))) is SealCode.ZIP_BOMB


def test_a_member_that_declares_too_much_is_damaged() -> None:
    data = archive({"sheet.xml": bytes(1_000_000)})
    assert refusal(data.replace(struct.pack("<L", 1_000_000), struct.pack("<L", 1_000_001))) is SealCode.DAMAGED


def test_a_directory_of_countless_entries_is_not_even_read() -> None:
    assert refusal(b"PK\x03\x04" + b"PK\x01\x02" * 70_000) is SealCode.ZIP_BOMB


def test_overlapping_members() -> None:
    """Two directory entries that point to one member's bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("a.csv", b"1" * 100)
        target.writestr("b.csv", b"2" * 100)
        target.getinfo("b.csv").header_offset = 0
    assert refusal(out.getvalue()) is SealCode.ZIP_UNSAFE


def test_nested_members() -> None:
    """A member whose bytes reach over the next one's, as in quoted-overlap bombs."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.writestr("a.csv", b"1" * 100)
        target.writestr("b.csv", b"2" * 100)
        first = target.getinfo("a.csv")
        first.file_size = first.compress_size = 150
    assert refusal(out.getvalue()) is SealCode.ZIP_UNSAFE


def test_links_and_devices() -> None:
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        link = zipfile.ZipInfo("a.csv")
        link.create_system, link.external_attr = 3, (kind | 0o777) << 16
        out = BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            target.writestr(link, b"/etc/passwd")
        assert refusal(out.getvalue()) is SealCode.ZIP_UNSAFE


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "a/../../b.csv", "/etc/a.csv", "C:/a.csv", "..\\a.csv", "\\\\server\\a.csv", "a\nb.csv"],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    assert refusal(archive({name: b"1"})) is SealCode.ZIP_UNSAFE


def test_a_name_with_a_hidden_tail() -> None:
    assert refusal(archive({"a.csvXtail": b"1"}).replace(b"a.csvX", b"a.csv\0")) is SealCode.ZIP_UNSAFE


def test_the_same_name_twice() -> None:
    assert refusal(archive({"a.csv": b"1", "b.csv": b"2"}).replace(b"b.csv", b"a.csv")) is SealCode.ZIP_UNSAFE


def test_something_before_or_a_second_end_after() -> None:
    data = archive({"a.csv": b"1"})
    assert refusal(b"MZ" + data) is SealCode.UNKNOWN_FORMAT
    assert refusal(b"PK\x03\x04" + data) is SealCode.ZIP_UNSAFE
    end = data[-22:]
    assert refusal(data[:-2] + struct.pack("<H", len(end)) + end) in {SealCode.ZIP_UNSAFE, SealCode.DAMAGED}


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_without_bounds(compression: int) -> None:
    assert refusal(archive({"a.csv": b"1" * 100}, compression)) is SealCode.ZIP_UNSUPPORTED


@pytest.mark.parametrize("kept", [4, 30, 0.5, 0.95])
def test_a_truncated_archive(workbook_of: Callable[[int], bytes], kept: float) -> None:
    data = workbook_of(500)
    assert refusal(data[: kept if isinstance(kept, int) else int(len(data) * kept)]) is SealCode.DAMAGED


def test_no_mutation_escapes_the_closed_list(workbook_of: Callable[[int], bytes]) -> None:
    data = workbook_of(50)
    for position in range(0, len(data), 23):
        mutated = bytearray(data)
        mutated[position] ^= 0xFF
        try:
            guard_zip(bytes(mutated), **LIMITS)
        except SealError:
            continue
