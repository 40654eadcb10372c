"""Passwords for workbooks and archives: derived, so that nobody has to keep a list of them."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Lower case and digits without l, i, o, 0, 1: nothing to confuse when read over the telephone."""
GROUPS = 4
GROUP_LENGTH = 4
MINIMUM_MASTER_BYTES = 32


def derive(master: bytes, party: str, scope: str, period: str) -> str:
    """The password of (party, scope, period), such as ``k7mw-29xd-qfhr-8tvn`` (79 bits), hyphens included.

    Raises:
        ValueError: a part is empty, or ``master`` is shorter than 32 bytes.
    """
    if len(master) < MINIMUM_MASTER_BYTES or not all((party, scope, period)):
        raise ValueError("a password needs a master secret of 32 bytes and a party, scope and period")
    parts = json.dumps(["workbook-password-1", party, scope, period], ensure_ascii=False)  # unambiguous joints
    number = int.from_bytes(HKDF(SHA256(), 32, salt=None, info=parts.encode()).derive(master))
    letters = []
    for _ in range(GROUPS * GROUP_LENGTH):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    text = "".join(letters)
    return "-".join(text[start : start + GROUP_LENGTH] for start in range(0, len(text), GROUP_LENGTH))
