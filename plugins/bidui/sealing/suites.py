"""Cryptographic suites by id. A package names its suite; a second one (SM2/SM3/SM4) is one more entry here.

The id is inside the signed manifest, so that a package cannot be moved to a weaker suite after signing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bidui.sealing import age, cms
from bidui.sealing.errors import SealCode, SealError


class Suite(Protocol):
    """What a machine package needs of a suite."""

    id: str

    def encrypt(self, data: bytes, recipients: Sequence[str]) -> bytes:
        """Encrypt for every recipient."""

    def decrypt(self, data: bytes, identities: Sequence[str]) -> bytes:
        """Decrypt with whichever identity fits; nothing unauthenticated is returned."""

    def sign(self, content: bytes, *, certificate: Path, key: Path) -> bytes:
        """A detached signature over ``content``."""

    def verify(self, content: bytes, signature: bytes, *, trust: Path, at: datetime) -> str:
        """Check signature, chain and revocation as of ``at``; returns the certificate's fingerprint."""


class AgeCms1:
    """Payload: X25519 and ChaCha20-Poly1305 (age). Manifest: CMS with SHA-256 by an X.509 certificate."""

    id = "age-cms-1"
    encrypt = staticmethod(age.encrypt)
    decrypt = staticmethod(age.decrypt)
    sign = staticmethod(cms.sign)
    verify = staticmethod(cms.verify)


SUITES: dict[str, Suite] = {suite.id: suite for suite in (AgeCms1(),)}


def suite(suite_id: str) -> Suite:
    """The suite of that id.

    Raises:
        SealError: unknown_suite, naming it.
    """
    if suite_id not in SUITES:
        printable = suite_id.isascii() and suite_id.replace("-", "").isalnum() and len(suite_id) <= 40
        raise SealError(SealCode.UNKNOWN_SUITE, suite=suite_id if printable else "?")
    return SUITES[suite_id]
