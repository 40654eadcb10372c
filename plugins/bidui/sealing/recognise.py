"""What a file is by its bytes. Names lie: a .xls may be a web page, a .xlsx a password container."""

from __future__ import annotations

import codecs
import zipfile
from enum import StrEnum
from io import BytesIO

from bidui.sealing.errors import SealError
from bidui.sealing.machine import MEMBERS
from bidui.sealing.workbook import Protection, protection

_HEAD = 64 << 10
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED, _AES_METHOD = 0x1, 99
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1a")


class Kind(StrEnum):
    """The closed list of what can be told apart."""

    MACHINE = "machine"  # our package: payload, manifest, signature
    XLSX = "xlsx"
    XLSX_PASSWORD = "xlsx_password"  # noqa: S105 - a kind of file
    XLS = "xls"
    XLS_PASSWORD = "xls_password"  # noqa: S105 - a kind of file
    ZIP = "zip"
    ZIP_AES = "zip_aes"
    ZIP_LEGACY = "zip_legacy"
    MARKUP = "markup"  # a web page or XML under a workbook's name, as many systems export
    TEXT = "text"  # CSV and its kind, in UTF-8, GB18030 or UTF-16
    UNKNOWN = "unknown"  # also: encrypted containers that nobody but their maker opens


def recognise(data: bytes) -> Kind:
    """Tell what ``data`` is. Never raises; says nothing about whether the file is whole or safe."""
    if data.startswith(_ZIP):
        return _zip_kind(data)
    if data.startswith(_OLE):
        return _ole_kind(data)
    return _text_kind(data)


def _zip_kind(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except Exception:  # hostile bytes raise anything
        return Kind.UNKNOWN
    names = {member.filename.replace("\\", "/").lstrip("/").casefold() for member in members}
    if names == set(MEMBERS):
        return Kind.MACHINE
    if "[content_types].xml" in names and any(name.startswith("xl/") for name in names):
        return Kind.XLSX
    encrypted = [member for member in members if member.flag_bits & _ENCRYPTED]
    if not encrypted:
        return Kind.ZIP
    return Kind.ZIP_AES if all(member.compress_type == _AES_METHOD for member in encrypted) else Kind.ZIP_LEGACY


def _ole_kind(data: bytes) -> Kind:
    try:
        found = protection(data)
    except SealError:
        return Kind.UNKNOWN
    if found in {Protection.AGILE, Protection.STANDARD}:
        return Kind.XLSX_PASSWORD
    return Kind.XLS_PASSWORD if found is Protection.LEGACY else Kind.XLS


def _text_kind(data: bytes) -> Kind:
    text = _decoded(data[:_HEAD], whole=len(data) <= _HEAD)
    if not text:
        return Kind.UNKNOWN
    start = text.lstrip("\ufeff \t\r\n")[:256].casefold()
    markup = start.startswith(("<html", "<!doctype", "<?xml", "<table", "<meta", "<head", "mime-version:"))
    return Kind.MARKUP if markup else Kind.TEXT


def _decoded(head: bytes, *, whole: bool) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head):
        return None
    else:
        encodings = ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head, final=whole)
        except UnicodeDecodeError:
            continue
    return None
