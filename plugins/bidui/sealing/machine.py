"""Machine packages (系统交换包): one file between systems, encrypted for the hub, signed by a known contact.

A stored ZIP of exactly ``payload.age``, ``manifest.json`` and ``manifest.p7s``. The signature covers the
manifest, the manifest covers the payload by its hashes. :func:`verify` decrypts nothing; :func:`decrypt`
takes only what was verified.

The caller still compares the signer with its register of contacts, and recipient, period and ``seq`` with
what it expects.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bidui.sealing.errors import SealCode, SealError
from bidui.sealing.suites import suite
from bidui.sealing.zip_guard import guard_zip

PAYLOAD, MANIFEST, SIGNATURE = MEMBERS = ("payload.age", "manifest.json", "manifest.p7s")
DEFAULT_SUITE = "age-cms-1"
MAX_BYTES = 512 << 20
_MAX_SMALL = 64 << 10
_OLDEST = (1980, 1, 1, 0, 0, 0)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Payload(_Strict):
    """The encrypted content: its size and hash as it travels, and the hash of what is inside."""

    name: Literal["payload.age"]
    bytes: Annotated[int, Field(ge=1)]
    sha256: Sha256
    plain_sha256: Sha256


class Manifest(_Strict):
    """What the sender says, under signature, about one package. Unknown keys are refused."""

    v: Literal[1]
    suite: Id
    sender: Id
    """Party id."""
    recipient: Id
    """Hub id: stops re-addressing."""
    dataset: Id
    period: Id
    kind: Literal["full", "amend", "nil"]
    data_date: date
    """数据截止日."""
    seq: Annotated[int, Field(ge=1)]
    """The sender's running number: stops replay."""
    made_at: AwareDatetime
    payload: Payload


@dataclass(frozen=True)
class Verified:
    """A package whose signature holds; still encrypted."""

    manifest: Manifest
    signer_fingerprint: str
    """SHA-256 (hex) of the signer's certificate."""
    package_sha256: str
    ciphertext: bytes = field(repr=False)


def seal(
    payload: bytes,
    manifest_facts: Mapping[str, Any],
    *,
    recipients: Sequence[str],
    certificate: Path,
    key: Path,
) -> bytes:
    """Make a package for ``recipients`` (age), signed with ``key`` by ``certificate``.

    ``manifest_facts``: sender, recipient, dataset, period, kind, data_date, seq, made_at (with its zone), and
    optionally suite. The rest of the manifest is computed.

    Raises:
        SealError: manifest_invalid, unknown_suite, no_recipient, key_unusable, openssl_missing,
            openssl_too_old.
    """
    chosen = suite(manifest_facts.get("suite", DEFAULT_SUITE))
    ciphertext = chosen.encrypt(payload, recipients)
    described = {
        "name": PAYLOAD,
        "bytes": len(ciphertext),
        "sha256": _sha256(ciphertext),
        "plain_sha256": _sha256(payload),
    }
    try:
        manifest = Manifest.model_validate({**manifest_facts, "v": 1, "suite": chosen.id, "payload": described})
    except ValidationError:
        raise SealError(SealCode.MANIFEST_INVALID) from None
    text = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1).encode()
    signature = chosen.sign(text, certificate=certificate, key=key)
    return _pack({PAYLOAD: ciphertext, MANIFEST: text, SIGNATURE: signature})


def verify(package: bytes, *, trust: Path, at: datetime, max_bytes: int = MAX_BYTES) -> Verified:
    """Check form, signature, certificate and ciphertext of a package as of ``at``. Nothing is decrypted.

    Raises:
        SealError: too_large, package_malformed, damaged, manifest_invalid, unknown_suite, signature_invalid,
            certificate_untrusted, certificate_expired, certificate_revoked, revocation_list_unusable,
            openssl_missing, openssl_too_old; those of :func:`guard_zip`.
    """
    members = _members(package, max_bytes)
    stated = _object(members[MANIFEST])
    chosen = suite(str(stated.get("suite", "")))
    signer = chosen.verify(members[MANIFEST], members[SIGNATURE], trust=trust, at=at)
    try:
        manifest = Manifest.model_validate_json(members[MANIFEST])
    except ValidationError:
        raise SealError(SealCode.MANIFEST_INVALID) from None
    ciphertext = members[PAYLOAD]
    if len(ciphertext) != manifest.payload.bytes or _sha256(ciphertext) != manifest.payload.sha256:
        raise SealError(SealCode.DAMAGED)
    return Verified(manifest, signer, _sha256(package), ciphertext)


def decrypt(verified: Verified, *, identities: Sequence[str]) -> bytes:
    """The content of a verified package, checked against the hash that was signed.

    Raises:
        SealError: wrong_recipient_key, unsupported_encryption, damaged, content_mismatch, key_unusable.
    """
    plain = suite(verified.manifest.suite).decrypt(verified.ciphertext, identities)
    if _sha256(plain) != verified.manifest.payload.plain_sha256:
        raise SealError(SealCode.CONTENT_MISMATCH)
    return plain


def _pack(members: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _OLDEST), content)
    return out.getvalue()


def _members(package: bytes, max_bytes: int) -> dict[str, bytes]:
    if len(package) > max_bytes:
        raise SealError(SealCode.TOO_LARGE)
    entries = guard_zip(package, max_bytes=max_bytes, max_members=len(MEMBERS))
    plain_members = all(entry.stored and entry.encryption == "none" for entry in entries)
    if {entry.name for entry in entries} != set(MEMBERS) or not plain_members:
        raise SealError(SealCode.PACKAGE_MALFORMED)
    if any(entry.size > _MAX_SMALL for entry in entries if entry.name != PAYLOAD):
        raise SealError(SealCode.TOO_LARGE)
    try:
        with zipfile.ZipFile(BytesIO(package)) as archive:
            return {name: archive.read(name) for name in MEMBERS}
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError):
        raise SealError(SealCode.DAMAGED) from None


def _object(text: bytes) -> dict[str, Any]:
    """The manifest as JSON; a repeated key is refused, since two readers would see two values."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("repeated key")
        return dict(pairs)

    try:
        stated = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise SealError(SealCode.MANIFEST_INVALID) from None
    if not isinstance(stated, dict):
        raise SealError(SealCode.MANIFEST_INVALID)
    return stated


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
