"""Age encryption to X25519 keys only.

A passphrase (scrypt) file lets its sender choose how much time and memory opening takes, so none is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyrage

from bidui.sealing.errors import SealCode, SealError

_MAGIC = b"age-encryption.org/v1\n"
_MAX_HEADER = 64 * 1024


class Readable(Protocol):
    """Bytes to be had piece by piece; an empty piece is the end."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes."""


class Writable(Protocol):
    """Takes bytes piece by piece."""

    def write(self, data: bytes, /) -> int | None:
        """Take them all."""


def generate() -> tuple[str, str]:
    """A new key pair: (identity, recipient), that is (secret, public), in age's own text form."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def read_identities(path: Path) -> list[str]:
    """The identities that a file holds, one a line; comments and what else stands there do not count.

    Raises:
        SealError: key_unusable (no such file, or no identity in it).
    """
    try:
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        raise SealError(SealCode.KEY_UNUSABLE) from None
    found = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if not found:
        raise SealError(SealCode.KEY_UNUSABLE)
    return found


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt for every one of ``recipients`` (``age1...``).

    Raises:
        SealError: no_recipient (never a clear copy by accident), key_unusable.
    """
    return bytes(pyrage.encrypt(data, _recipients(recipients)))


def encrypt_stream(source: Readable, target: Writable, recipients: Sequence[str]) -> None:
    """Like `encrypt`, for content of any size in bounded memory.

    Raises:
        SealError: no_recipient, key_unusable.
        Exception: of ``source`` or ``target``, as it was raised there.
    """
    watched = _Watched(source), _Watched(target)
    keys = _recipients(recipients)
    try:
        pyrage.encrypt_io(*watched, keys)
    except Exception:
        for stream in watched:
            stream.raise_own()
        raise


def decrypt(data: bytes, identities: Sequence[str]) -> bytes:
    """Decrypt with whichever of ``identities`` (``AGE-SECRET-KEY-1...``) fits.

    Raises:
        SealError: unsupported_encryption, wrong_recipient_key, damaged, key_unusable.
    """
    _check_stanzas(data)
    keys = _identities(identities)
    try:
        return bytes(pyrage.decrypt(data, keys))
    except pyrage.DecryptError as error:
        raise _refusal(error) from None


def decrypt_stream(source: BinaryIO, target: Writable, identities: Sequence[str]) -> None:
    """Like `decrypt`, in bounded memory. ``target`` may have received an authentic beginning when this raises.

    Raises:
        SealError: unsupported_encryption, wrong_recipient_key, damaged, key_unusable.
        Exception: of ``target``, as it was raised there.
    """
    _check_stanzas(source.read(_MAX_HEADER))
    source.seek(0)
    keys, watched = _identities(identities), _Watched(target)
    try:
        pyrage.decrypt_io(source, watched, keys)
    except pyrage.DecryptError as error:
        raise _refusal(error) from None
    except OSError:  # what pyrage calls a chunk that does not fit, unless the target has failed
        watched.raise_own()
        raise SealError(SealCode.DAMAGED) from None


class _Watched:
    """Remembers the error that a stream failed with: pyrage hands on no more than its text."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        return bytes(self._watch(self._stream.read, size))

    def write(self, data: bytes) -> int:
        self._watch(self._stream.write, data)
        return len(data)

    def raise_own(self) -> None:
        if self._error is not None:
            raise self._error from None

    def _watch(self, act: Callable[[Any], Any], what: Any) -> Any:
        try:
            return act(what)
        except BaseException as error:
            self._error = error
            raise


def _recipients(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    if not texts:
        raise SealError(SealCode.NO_RECIPIENT)
    try:
        return [pyrage.x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError:
        raise SealError(SealCode.KEY_UNUSABLE) from None


def _identities(texts: Sequence[str]) -> list[pyrage.x25519.Identity]:
    try:
        return [pyrage.x25519.Identity.from_str(text) for text in texts]
    except pyrage.IdentityError:
        raise SealError(SealCode.KEY_UNUSABLE) from None


def _refusal(error: pyrage.DecryptError) -> SealError:
    no_key = "No matching keys" in str(error)
    return SealError(SealCode.WRONG_RECIPIENT_KEY if no_key else SealCode.DAMAGED)


def _check_stanzas(data: bytes) -> None:
    tags = list(_stanza_tags(data))
    if any(
        tag != "X25519" and not tag.endswith("-grease") for tag in tags
    ):  # grease: noise the format asks readers to skip
        raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)


def _stanza_tags(data: bytes) -> Iterable[str]:
    end = data.find(b"\n---", 0, _MAX_HEADER)
    if not data.startswith(_MAGIC) or end < 0:
        raise SealError(SealCode.DAMAGED)
    for line in data[:end].split(b"\n"):
        if line.startswith(b"-> "):
            yield line[3:].split(b" ", 1)[0].decode("ascii", errors="replace")
