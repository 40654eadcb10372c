"""The key material of one hub: its age identities, its certificate authority for contacts, its password master.

All of it lies in one folder, each secret readable by its owner only. Nothing here reads the clock: validity
is an argument.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bidui.sealing import age, backup_keys, durable
from bidui.sealing.errors import SealCode, SealError

IDENTITY, RECIPIENT, MASTER = "age.identity", "age.recipient", "password.master"
AUTHORITY_KEY, AUTHORITY, REVOCATIONS, TRUST = "authority.key", "authority.pem", "authority.crl", "trust.pem"
ISSUED = "issued"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")


@dataclass(frozen=True)
class HubKeys:
    """What a running hub needs of its folder."""

    recipient: str
    """Public: what senders encrypt to."""
    identity_file: Path
    master_file: Path
    trust: Path


def create_hub_keys(folder: Path, *, now: datetime, next_update: datetime, days: int = 3650) -> HubKeys:
    """Make all keys of a new hub.

    The authority is valid for ``days`` from ``now``, its revocation list until ``next_update``: after that
    no package is accepted until :func:`renew_revocations`.

    Raises:
        SealError: keys_exist.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SealError(SealCode.KEYS_EXIST)
    (folder / ISSUED).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    identity, recipient = age.generate()
    durable.write(folder / IDENTITY, identity.encode() + b"\n")
    durable.write(folder / RECIPIENT, recipient.encode() + b"\n")
    backup_keys.create(folder)
    durable.write(folder / MASTER, secrets.token_hex(32).encode() + b"\n")
    key = ec.generate_private_key(ec.SECP256R1())
    name = _subject("hub authority " + secrets.token_hex(4))  # two hubs' authorities must not share a name
    certificate = (
        _builder(name, name, key, key, now, now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(key, SHA256())
    )
    durable.write(folder / AUTHORITY_KEY, _key_pem(key))
    durable.write(folder / AUTHORITY, certificate.public_bytes(Encoding.PEM))
    _publish(folder, [], 1, now, next_update)
    return hub_keys(folder)


def hub_keys(folder: Path) -> HubKeys:
    """The keys of an existing hub.

    Raises:
        SealError: key_unusable (the folder holds no hub's keys).
    """
    try:
        recipient = (folder / RECIPIENT).read_text().strip()
    except OSError:
        raise SealError(SealCode.KEY_UNUSABLE) from None
    return HubKeys(recipient, folder / IDENTITY, folder / MASTER, folder / TRUST)


def identities(folder: Path) -> list[str]:
    """The hub's age identities. Rotation adds a line to the file; old lines keep opening old packages.

    Raises:
        SealError: key_unusable.
    """
    return age.read_identities(folder / IDENTITY)


def master_secret(folder: Path) -> bytes:
    """The master secret that passwords are derived from.

    Raises:
        SealError: key_unusable.
    """
    return bytes.fromhex(_read(folder / MASTER).decode().strip())


def issue(folder: Path, name: str, *, days: int, not_before: datetime) -> tuple[Path, Path]:
    """Issue a signing certificate to a contact; returns (certificate, key).

    A second one for the same name stands beside the first, so that they may overlap. ``name`` is the
    contact's id in the register, never a person's name.

    Raises:
        SealError: key_unusable.
        ValueError: the name is not an id.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a contact's id is 1 to 60 letters, digits, points, hyphens or underscores")
    authority, authority_key = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(
            _subject(name),
            authority.subject,
            key,
            authority_key,
            not_before,
            not_before + timedelta(days=days),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(authority_key, SHA256())
    )
    stem = _free_stem(folder / ISSUED, name)
    paths = folder / ISSUED / f"{stem}.pem", folder / ISSUED / f"{stem}.key"
    durable.write(paths[1], _key_pem(key))
    durable.write(paths[0], certificate.public_bytes(Encoding.PEM))
    return paths


def revoke(folder: Path, certificate: Path, *, now: datetime, next_update: datetime) -> None:
    """Revoke a certificate as of ``now`` and publish a new revocation list; doing it twice does no harm.

    Raises:
        SealError: key_unusable (unreadable, or issued by another authority).
    """
    authority, _ = _authority(folder)
    revoked = _load_certificate(certificate)
    if revoked.issuer != authority.subject:
        raise SealError(SealCode.KEY_UNUSABLE)
    entries, number = _revocations(folder)
    if all(entry.serial_number != revoked.serial_number for entry in entries):
        entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(_utc(now))
        entries.append(entry.build())
    _publish(folder, entries, number + 1, now, next_update)


def renew_revocations(folder: Path, *, now: datetime, next_update: datetime) -> None:
    """Publish the same revocations again with new dates: to be done before the list expires.

    Raises:
        SealError: key_unusable.
    """
    entries, number = _revocations(folder)
    _publish(folder, entries, number + 1, now, next_update)


def trust_file(folder: Path) -> Path:
    """One PEM of the authority's certificate and current revocation list: for ``machine.verify``."""
    return folder / TRUST


def fingerprint(certificate: Path) -> str:
    """SHA-256 (hex) of a certificate: how the register of contacts knows it.

    Raises:
        SealError: key_unusable.
    """
    return _load_certificate(certificate).fingerprint(SHA256()).hex()


def _publish(
    folder: Path, entries: list[x509.RevokedCertificate], number: int, now: datetime, next_update: datetime
) -> None:
    authority, key = _authority(folder)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(_utc(now))
        .next_update(_utc(next_update))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    pem = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    durable.write(folder / REVOCATIONS, pem)
    durable.write(folder / TRUST, authority.public_bytes(Encoding.PEM) + pem)


def _revocations(folder: Path) -> tuple[list[x509.RevokedCertificate], int]:
    current = x509.load_pem_x509_crl(_read(folder / REVOCATIONS))
    return list(current), current.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_utc(start))
        .not_valid_after(_utc(end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate = _load_certificate(folder / AUTHORITY)
    try:
        key = load_pem_private_key(_read(folder / AUTHORITY_KEY), password=None)
    except (ValueError, TypeError):
        raise SealError(SealCode.KEY_UNUSABLE) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SealError(SealCode.KEY_UNUSABLE)
    return certificate, key


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError:
        raise SealError(SealCode.KEY_UNUSABLE) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise SealError(SealCode.KEY_UNUSABLE) from None


def _free_stem(folder: Path, name: str) -> str:
    stem, number = name, 2
    while (folder / f"{stem}.pem").exists() or (folder / f"{stem}.key").exists():
        stem, number = f"{name}.{number}", number + 1
    return stem


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).replace(microsecond=0)
