"""Look before opening: is this ZIP (archive, workbook or package) safe to hand to a reader?

The central directory is read and compared with the bytes. Overlapping members, links, escaping paths and
members that inflate to more than they declare are refused here, because the readers behind accept them.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Literal

from bidui.sealing.errors import SealCode, SealError

MAX_RATIO = 400
"""Unpacked over packed; an Excel sheet formatted to its last row reaches 200."""
RATIO_FREE_BYTES = 32 << 20
"""Below this unpacked size the ratio does not matter."""

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_MOST_ENTRIES = 65_536
_LOCAL_HEADER = 30
_AES_METHOD, _AES_EXTRA = 99, 0x9901
_FLAG_ENCRYPTED, _FLAG_STRONG, _FLAG_MASKED = 0x1, 0x40, 0x2000
_STEP = 1 << 20

Encryption = Literal["none", "aes", "legacy"]


@dataclass(frozen=True)
class Entry:
    """One member of the directory. ``size`` is unpacked; names from Chinese Windows are read as GBK."""

    name: str
    size: int
    encryption: Encryption
    stored: bool
    folder: bool


def guard_zip(data: bytes, *, max_bytes: int, max_members: int, max_ratio: int = MAX_RATIO) -> tuple[Entry, ...]:
    """Refuse an unsafe ZIP; return its members in directory order.

    ``max_bytes`` bounds the sum of unpacked sizes. Nothing is kept while members are measured.

    Raises:
        SealError: unknown_format, damaged, too_large, zip_bomb, zip_unsafe, zip_unsupported,
            unsupported_encryption.
    """
    infos, directory_start = _directory(data)
    _check_sizes(infos, len(data), max_bytes, max_members, max_ratio)
    entries = tuple(_entry(info) for info in infos)
    _check_names(infos)
    spans = _spans(data, infos, directory_start)
    for info, entry, (start, end) in zip(infos, entries, spans, strict=True):
        if entry.encryption == "none":
            _measure(memoryview(data)[start:end], info)
    return entries


def _directory(data: bytes) -> tuple[list[zipfile.ZipInfo], int]:
    if not data.startswith(_LOCAL):  # also turns away what hides a ZIP behind something else
        raise SealError(SealCode.UNKNOWN_FORMAT)
    if data.count(_CENTRAL) > _MOST_ENTRIES:
        raise SealError(SealCode.ZIP_BOMB)
    try:
        archive = _open(data)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        raise SealError(SealCode.DAMAGED) from None
    if _END in archive.comment:  # two ends: two readers would see two archives
        raise SealError(SealCode.ZIP_UNSAFE)
    return archive.infolist(), archive.start_dir


def _open(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(BytesIO(data), metadata_encoding="gbk")
    except UnicodeDecodeError:
        return zipfile.ZipFile(BytesIO(data))


def _check_sizes(infos: list[zipfile.ZipInfo], packed: int, max_bytes: int, max_members: int, max_ratio: int) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > max_members or total > max_bytes:
        raise SealError(SealCode.TOO_LARGE)
    if total > RATIO_FREE_BYTES and total > max_ratio * packed:
        raise SealError(SealCode.ZIP_BOMB)


def _entry(info: zipfile.ZipInfo) -> Entry:
    method = info.compress_type
    if info.flag_bits & (_FLAG_STRONG | _FLAG_MASKED):
        raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)
    encryption: Encryption = "none"
    if info.flag_bits & _FLAG_ENCRYPTED:
        encryption = "aes" if method == _AES_METHOD else "legacy"
    if method == _AES_METHOD:
        method = _method_inside_aes(info.extra)
    # Others are either unknown to the readers or unpack without any bound on memory.
    if method not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise SealError(SealCode.ZIP_UNSUPPORTED)
    return Entry(info.filename, info.file_size, encryption, method == zipfile.ZIP_STORED, info.is_dir())


def _method_inside_aes(extra: bytes) -> int:
    while len(extra) >= 4:
        tag, length = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if tag == _AES_EXTRA and length == 7:
            return int.from_bytes(extra[9:11], "little")
        extra = extra[4 + length :]
    raise SealError(SealCode.DAMAGED)


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise SealError(SealCode.ZIP_UNSAFE)
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        parts = info.filename.replace("\\", "/").split("/")
        escapes = parts[0] == "" or ".." in parts or parts[0][1:2] == ":"
        control = any(ord(character) < 32 for character in info.orig_filename)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or escapes or control:
            raise SealError(SealCode.ZIP_UNSAFE)


def _spans(data: bytes, infos: Sequence[zipfile.ZipInfo], directory_start: int) -> list[tuple[int, int]]:
    """Where each member's packed bytes lie; members must neither overlap nor lie outside."""
    spans, extents = [], []
    for info in infos:
        header = data[info.header_offset : info.header_offset + _LOCAL_HEADER] if info.header_offset >= 0 else b""
        if len(header) < _LOCAL_HEADER or not header.startswith(_LOCAL):
            raise SealError(SealCode.DAMAGED)
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = info.header_offset + _LOCAL_HEADER + lengths
        spans.append((start, start + info.compress_size))
        extents.append((info.header_offset, start + info.compress_size))
    extents.sort()
    touching = any(end > following for (_, end), (following, _) in pairwise(extents))
    if touching or (extents and (extents[0][0] != 0 or extents[-1][1] > directory_start)):
        raise SealError(SealCode.ZIP_UNSAFE)
    return spans


def _measure(packed: memoryview, info: zipfile.ZipInfo) -> None:
    """Unpack to nowhere, at most one byte more than declared: the directory may lie."""
    if info.compress_type == zipfile.ZIP_STORED:
        if len(packed) != info.file_size:
            raise SealError(SealCode.DAMAGED)
        return
    size, complete = _inflated_size(packed, info.file_size)
    if size > info.file_size:
        raise SealError(SealCode.ZIP_BOMB)
    if size < info.file_size or not complete:
        raise SealError(SealCode.DAMAGED)


def _inflated_size(packed: memoryview, declared: int) -> tuple[int, bool]:
    inflater, size = zlib.decompressobj(-15), 0
    try:
        for start in range(0, len(packed), _STEP):
            rest = packed[start : start + _STEP].tobytes()
            while size <= declared and not inflater.eof:
                produced = len(inflater.decompress(rest, _STEP))
                size, rest = size + produced, inflater.unconsumed_tail
                if not produced and not rest:
                    break
    except zlib.error:
        raise SealError(SealCode.DAMAGED) from None
    return size, inflater.eof
