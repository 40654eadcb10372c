"""Detached CMS signatures by the ``openssl`` command, and a revocation check no signer can talk round."""

from __future__ import annotations

import re
import tempfile
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256

from bidui.sealing import openssl
from bidui.sealing.errors import SealCode, SealError

_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\s?", re.DOTALL)

# What openssl says, in the order in which it must be looked for.
_COMPLAINTS = (
    ("certificate revoked", SealCode.CERTIFICATE_REVOKED),
    ("CRL has expired", SealCode.REVOCATION_LIST_UNUSABLE),
    ("CRL is not yet valid", SealCode.REVOCATION_LIST_UNUSABLE),
    ("unable to get certificate CRL", SealCode.REVOCATION_LIST_UNUSABLE),
    ("CRL signature failure", SealCode.REVOCATION_LIST_UNUSABLE),
    ("certificate has expired", SealCode.CERTIFICATE_EXPIRED),
    ("certificate is not yet valid", SealCode.CERTIFICATE_EXPIRED),
    ("certificate verify error", SealCode.CERTIFICATE_UNTRUSTED),
)


def sign(content: bytes, *, certificate: Path, key: Path) -> bytes:
    """A detached DER signature over ``content``, certificate included.

    Raises:
        SealError: key_unusable (unreadable, encrypted, or not of that certificate), openssl_missing,
            openssl_too_old.
    """
    with tempfile.TemporaryDirectory(prefix="seal-") as name:
        source, target = Path(name, "content"), Path(name, "signature")
        source.write_bytes(content)
        # Without -stream: with it openssl embeds the content.
        done = openssl.run(
            [
                "cms",
                "-sign",
                "-binary",
                "-outform",
                "DER",
                "-md",
                "sha256",
                "-in",
                str(source),
                "-out",
                str(target),
                "-signer",
                str(certificate.resolve()),
                "-inkey",
                str(key.resolve()),
                "-passin",
                "pass:",
            ]
        )
        if done.returncode != 0 or not target.exists():
            raise SealError(SealCode.KEY_UNUSABLE)
        return target.read_bytes()


def verify(content: bytes, signature: bytes, *, trust: Path, at: datetime) -> str:
    """Check that exactly one signer of our authority signed ``content``, not revoked and valid as of ``at``.

    ``trust`` is one PEM of authority certificates and their revocation lists. Returns the SHA-256 (hex) of
    the signer's certificate, to be compared with the register of contacts.

    Raises:
        SealError: signature_invalid, certificate_untrusted, certificate_expired, certificate_revoked,
            revocation_list_unusable, openssl_missing, openssl_too_old.
    """
    with tempfile.TemporaryDirectory(prefix="seal-") as name:
        folder = Path(name)
        (folder / "content").write_bytes(content)
        (folder / "signature").write_bytes(signature)
        done = openssl.run(
            [
                "cms",
                "-verify",
                "-inform",
                "DER",
                "-binary",
                "-in",
                f"{name}/signature",
                "-content",
                f"{name}/content",
                "-CAfile",
                str(trust.resolve()),
                "-no-CApath",
                "-no-CAstore",
                "-crl_check",
                "-purpose",
                "smimesign",
                "-attime",
                str(int(at.timestamp())),
                "-signer",
                f"{name}/signer",
                "-out",
                f"{name}/verified",
            ]
        )
        if done.returncode != 0:
            raise SealError(_complaint(done.stderr.decode(errors="replace")))
        if (folder / "verified").read_bytes() != content:
            raise SealError(SealCode.SIGNATURE_INVALID)
        signers = x509.load_pem_x509_certificates((folder / "signer").read_bytes())
    if len(signers) != 1:
        raise SealError(SealCode.SIGNATURE_INVALID)
    check_revocation(signers[0], trust=trust, at=at)
    return signers[0].fingerprint(SHA256()).hex()


def check_revocation(certificate: x509.Certificate, *, trust: Path, at: datetime) -> None:
    """Check ``certificate`` against the revocation lists of ``trust`` and no others.

    openssl prefers a revocation list that travels inside the signature, so a revoked signer could bring an
    older one.

    Raises:
        SealError: certificate_revoked, revocation_list_unusable.
    """
    pem = trust.read_bytes()
    authorities = [one for one in x509.load_pem_x509_certificates(pem) if one.subject == certificate.issuer]
    lists = [x509.load_pem_x509_crl(found[0]) for found in _CRL.finditer(pem)]
    usable = [
        one for one in lists if _in_force(one, at) and any(_signed_by(one, authority) for authority in authorities)
    ]
    if not usable:
        raise SealError(SealCode.REVOCATION_LIST_UNUSABLE)
    if any(one.get_revoked_certificate_by_serial_number(certificate.serial_number) for one in usable):
        raise SealError(SealCode.CERTIFICATE_REVOKED)


def _in_force(revocations: x509.CertificateRevocationList, at: datetime) -> bool:
    end = revocations.next_update_utc
    return end is not None and revocations.last_update_utc <= at <= end


def _signed_by(revocations: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return revocations.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (InvalidSignature, TypeError, ValueError):
        return False


def _complaint(stderr: str) -> SealCode:
    return next((code for words, code in _COMPLAINTS if words in stderr), SealCode.SIGNATURE_INVALID)
