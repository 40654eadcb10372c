"""Password workbooks (加密工作簿): what people with Excel or WPS send and receive.

Out: OOXML agile encryption (AES-256, SHA-512, HMAC). In: agile and standard OOXML, and encrypted .xls.

The writer has two known faults (packages under 4 KB; sizes at which the container's index is exactly full),
so each envelope is opened again before it leaves, and a faulty one is made again from a slightly longer
workbook.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO
from typing import Any

import defusedxml.ElementTree as SafeTree
import msoffcrypto
import olefile
from msoffcrypto.exceptions import InvalidKeyError
from msoffcrypto.format.ooxml import OOXMLFile

from bidui.sealing.errors import SealCode, SealError

MAX_SPIN_COUNT = 1_000_000
"""Hash rounds that a file may ask for per password; Excel and WPS write 100,000."""

_PADDINGS = (0, 8 << 10, 64 << 10, 160 << 10)
_PADDED_PART = "[Content_Types].xml"
_XML_STARTS = (b"<", b"\xef\xbb\xbf<")
_OLE = olefile.MAGIC
_ZIP = b"PK\x03\x04"


class Protection(StrEnum):
    """How a workbook is protected. STANDARD and LEGACY are weaker: opened, and worth a recorded warning."""

    NONE = "none"
    AGILE = "agile"
    STANDARD = "standard"
    LEGACY = "legacy"


def seal(data: bytes, password: str) -> bytes:
    """Encrypt an .xlsx; the result has been opened again and compared.

    A workbook that meets a fault of the writer leaves with white space after the end of its
    ``[Content_Types].xml``.

    Raises:
        SealError: unknown_format (not an OOXML file), key_unusable (no password), sealing_failed.
    """
    if not password:
        raise SealError(SealCode.KEY_UNUSABLE)
    if not data.startswith(_ZIP) or _PADDED_PART not in _member_names(data):
        raise SealError(SealCode.UNKNOWN_FORMAT)
    for padding in _PADDINGS:
        plain = _padded(data, padding) if padding else data
        sealed = _encrypt(plain, password)
        if sealed is not None and _proven(sealed, plain, password):
            return sealed
    raise SealError(SealCode.SEALING_FAILED)


def open_(data: bytes, passwords: Sequence[str]) -> bytes:
    """Decrypt with the first of ``passwords`` that fits.

    Agile protection carries an integrity code, which is checked; the others carry none. The result is the
    inner file: .xlsx, or .xls for legacy protection. It is still untrusted.

    Raises:
        SealError: not_sealed, unknown_format, unsupported_encryption, wrong_password, damaged.
    """
    if protection(data) is Protection.NONE:
        raise SealError(SealCode.NOT_SEALED)
    for password in passwords:
        if not password:
            continue
        opened = _try(data, password)
        if opened is not None:
            return opened
    raise SealError(SealCode.WRONG_PASSWORD)


def protection(data: bytes) -> Protection:
    """How the workbook is protected, read without any password.

    Raises:
        SealError: unknown_format (neither .xlsx nor .xls), damaged, unsupported_encryption (a container that
            is encrypted otherwise: WPS account encryption, rights management).
    """
    if data.startswith(_ZIP):
        return Protection.NONE
    if not data.startswith(_OLE):
        raise SealError(SealCode.UNKNOWN_FORMAT)
    try:
        with olefile.OleFileIO(BytesIO(data)) as container:
            if container.exists("EncryptionInfo") and container.exists("EncryptedPackage"):
                return _package_protection(container.openstream("EncryptionInfo").read())
            workbook = container.exists("Workbook")
            older = container.exists("Book")
    except SealError:
        raise
    except Exception:  # the readers raise anything on hostile bytes
        raise SealError(SealCode.DAMAGED) from None
    if workbook:
        return _workbook_stream_protection(data)
    if older:
        return Protection.NONE
    raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)


def _package_protection(info: bytes) -> Protection:
    major, minor = int.from_bytes(info[:2], "little"), int.from_bytes(info[2:4], "little")
    if minor == 2 and major in {2, 3, 4}:
        return Protection.STANDARD
    if (major, minor) != (4, 4):
        raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)
    try:
        description = SafeTree.fromstring(info[8:])
        spins = [int(node.get("spinCount", "0")) for node in description.iter() if node.tag.endswith("}encryptedKey")]
    except Exception:  # as above; also entities and document types
        raise SealError(SealCode.DAMAGED) from None
    if not spins or max(spins) > MAX_SPIN_COUNT:
        raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)
    return Protection.AGILE


def _workbook_stream_protection(data: bytes) -> Protection:
    try:
        return Protection.LEGACY if msoffcrypto.OfficeFile(BytesIO(data)).is_encrypted() else Protection.NONE
    except Exception:  # as above
        raise SealError(SealCode.DAMAGED) from None


def _try(data: bytes, password: str) -> bytes | None:
    """The content, or None where the password does not fit."""
    out = BytesIO()
    try:
        file = msoffcrypto.OfficeFile(BytesIO(data))
        # Only OOXML has these switches; without them a wrong key or flipped byte gives wrong bytes, silently.
        agile = isinstance(file, OOXMLFile)
        try:
            file.load_key(password=password, **({"verify_password": True} if agile else {}))
        except InvalidKeyError:
            return None
        file.decrypt(out, **({"verify_integrity": True} if agile else {}))
    except Exception:  # as above; the right password, so the content is at fault
        raise SealError(SealCode.DAMAGED) from None
    opened = out.getvalue()
    if opened.startswith(_ZIP):
        _check_whole(opened)
    return opened


def _check_whole(opened: bytes) -> None:
    """Standard encryption carries no integrity of its own, the ZIP inside at least a complete directory."""
    if not _member_names(opened):
        raise SealError(SealCode.DAMAGED)


def _encrypt(plain: bytes, password: str) -> bytes | None:
    out = BytesIO()
    try:
        OOXMLFile(BytesIO(plain)).encrypt(password, out)
    except Exception:  # a fault of the writer shows in many ways; the caller pads and tries again
        return None
    return out.getvalue()


def _proven(sealed: bytes, plain: bytes, password: str) -> bool:
    try:
        return open_(sealed, [password]) == plain
    except SealError:
        return False


def _padded(data: bytes, padding: int) -> bytes:
    """The same workbook with white space after one XML part's end, which the XML standard allows."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for member in source.infolist():
            content: Any = source.read(member)
            if member.filename == _PADDED_PART:
                if not content.startswith(_XML_STARTS):
                    raise SealError(SealCode.SEALING_FAILED)
                content += b" " * padding
                member.compress_type = zipfile.ZIP_STORED
            target.writestr(member, content)
    return out.getvalue()


def _member_names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.namelist()
    except Exception:  # as above
        return []
