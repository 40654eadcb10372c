"""Encrypted ZIP archives: for several files at once, both ways.

Out: WinZip AES-256 with neutral member names, because names stay readable without the password. In: the same,
and the legacy ZipCrypto, which is weak and worth a recorded warning.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

import pyzipper

from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.zip_guard import Encryption, Entry, guard_zip

MAX_BYTES = 512 << 20
MAX_MEMBERS = 1_000

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_STEP = 64 << 10
_OLDEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """One file of an archive. The name is the sender's: show it, never write under it."""

    name: str
    data: bytes = field(repr=False)
    encryption: Encryption


def seal(files: Sequence[tuple[str, bytes]], password: str) -> bytes:
    """Encrypt files given as (suffix, bytes), e.g. ``(".xlsx", data)``, as ``01.xlsx``, ``02.xlsx``...

    Raises:
        SealError: key_unusable (no password), sealing_failed (nothing to seal, or it did not open again).
        ValueError: a suffix that is more than a suffix.
    """
    if not password:
        raise SealError(SealCode.KEY_UNUSABLE)
    if any(not _SUFFIX.fullmatch(suffix) for suffix, _ in files):
        raise ValueError("a suffix is a point and one to eight small letters or digits")
    out = BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        for number, (suffix, data) in enumerate(files, start=1):
            archive.writestr(archive.zipinfo_cls(f"{number:02d}{suffix}", _OLDEST), data)
    sealed = out.getvalue()
    if not files or not _proven(sealed, files, password):
        raise SealError(SealCode.SEALING_FAILED)
    return sealed


def open_(
    data: bytes, passwords: Sequence[str], *, max_bytes: int = MAX_BYTES, max_members: int = MAX_MEMBERS
) -> tuple[Member, ...]:
    """Decrypt every file of an archive, each to its end and checked, with one of ``passwords``.

    Raises:
        SealError: those of :func:`guard_zip`; not_sealed (some file is not encrypted), wrong_password,
            damaged.
    """
    entries = guard_zip(data, max_bytes=max_bytes, max_members=max_members)
    if any(entry.encryption == "none" for entry in entries if not entry.folder):
        raise SealError(SealCode.NOT_SEALED)
    return _with_first_fitting(data, entries, passwords)


def unpack(data: bytes, *, max_bytes: int = MAX_BYTES, max_members: int = MAX_MEMBERS) -> tuple[Member, ...]:
    """The files of an archive that is not encrypted, for where policy allows one.

    Raises:
        SealError: those of :func:`guard_zip`; wrong_password (some file is encrypted), damaged.
    """
    entries = guard_zip(data, max_bytes=max_bytes, max_members=max_members)
    if any(entry.encryption != "none" for entry in entries):
        raise SealError(SealCode.WRONG_PASSWORD)
    return _with_first_fitting(data, entries, [""])


def _with_first_fitting(data: bytes, entries: Sequence[Entry], passwords: Sequence[str]) -> tuple[Member, ...]:
    damaged = False
    for password in _encodings(passwords):
        try:
            return _read_all(data, entries, password)
        except RuntimeError:  # pyzipper's word for a password that does not fit
            continue
        except (
            zipfile.BadZipFile,
            pyzipper.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
        ):
            damaged = True
    # A wrong password passes the first check of a legacy file once in 256 times: it looks like damage.
    legacy = any(entry.encryption == "legacy" for entry in entries)
    raise SealError(SealCode.DAMAGED if damaged and not legacy else SealCode.WRONG_PASSWORD)


def _encodings(passwords: Sequence[str]) -> Iterable[bytes]:
    """Chinese passwords are typed as UTF-8 by some tools and as GBK by others."""
    for password in passwords:
        yield password.encode()
        if not password.isascii():
            yield password.encode("gb18030")


def _read_all(data: bytes, entries: Sequence[Entry], password: bytes) -> tuple[Member, ...]:
    members = []
    with pyzipper.AESZipFile(BytesIO(data)) as archive:
        for entry, info in zip(entries, archive.infolist(), strict=True):
            if entry.folder:
                continue
            with archive.open(info, pwd=password or None) as source:
                content = b"".join(_steps(source))
            if len(content) != entry.size:
                raise pyzipper.BadZipFile
            members.append(Member(entry.name, content, entry.encryption))
    return tuple(members)


def _steps(source: IO[bytes]) -> Iterable[bytes]:
    """In small steps, because one large read would unpack before it looks at the declared size."""
    while step := source.read(_STEP):
        yield step


def _proven(sealed: bytes, files: Sequence[tuple[str, bytes]], password: str) -> bool:
    total = sum(len(content) for _, content in files)
    try:
        opened = open_(sealed, [password], max_bytes=total, max_members=len(files))
    except SealError:
        return False
    return [member.data for member in opened] == [content for _, content in files]
