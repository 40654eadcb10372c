"""Age encryption to X25519 keys only.

A passphrase (scrypt) file lets its sender choose how much time and memory opening takes, so none is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyrage

from bidui.sealing.errors import SealCode, SealError

_MAGIC = b"age-encryption.org/v1\n"
_MAX_HEADER = 64 * 1024


def generate() -> tuple[str, str]:
    """A new key pair: (identity, recipient), that is (secret, public), in age's own text form."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def encrypt(data: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt for every one of ``recipients`` (``age1...``).

    Raises:
        SealError: no_recipient (never a clear copy by accident), key_unusable.
    """
    if not recipients:
        raise SealError(SealCode.NO_RECIPIENT)
    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError:
        raise SealError(SealCode.KEY_UNUSABLE) from None
    return bytes(pyrage.encrypt(data, keys))


def decrypt(data: bytes, identities: Sequence[str]) -> bytes:
    """Decrypt with whichever of ``identities`` (``AGE-SECRET-KEY-1...``) fits.

    Raises:
        SealError: unsupported_encryption, wrong_recipient_key, damaged, key_unusable.
    """
    tags = list(_stanza_tags(data))
    if any(
        tag != "X25519" and not tag.endswith("-grease") for tag in tags
    ):  # grease: noise the format asks readers to skip
        raise SealError(SealCode.UNSUPPORTED_ENCRYPTION)
    try:
        keys = [pyrage.x25519.Identity.from_str(text) for text in identities]
    except pyrage.IdentityError:
        raise SealError(SealCode.KEY_UNUSABLE) from None
    try:
        return bytes(pyrage.decrypt(data, keys))
    except pyrage.DecryptError as error:
        no_key = "No matching keys" in str(error)
        raise SealError(SealCode.WRONG_RECIPIENT_KEY if no_key else SealCode.DAMAGED) from None


def _stanza_tags(data: bytes) -> Iterable[str]:
    end = data.find(b"\n---", 0, _MAX_HEADER)
    if not data.startswith(_MAGIC) or end < 0:
        raise SealError(SealCode.DAMAGED)
    for line in data[:end].split(b"\n"):
        if line.startswith(b"-> "):
            yield line[3:].split(b" ", 1)[0].decode("ascii", errors="replace")
