"""The closed list of what can go wrong with an envelope or a key, and the one exception that says so."""

from __future__ import annotations

from collections.abc import Callable

from bidui.domain.coded import Coded


class SealCode(Coded):
    """Codes of sealing faults, each with one English line for engineers; users read the issue dictionary."""

    NOT_SEALED = "not_sealed", "the file is in no envelope: it can be read by anyone who holds it"
    UNKNOWN_FORMAT = "unknown_format", "the bytes are none of the formats that this envelope takes"
    DAMAGED = "damaged", "the file is cut short or altered and cannot be read to its end"
    TOO_LARGE = "too_large", "the file or its content is larger than allowed"
    ZIP_BOMB = "zip_bomb", "the archive unpacks to far more than it declares or than its size allows"
    ZIP_UNSAFE = "zip_unsafe", "the archive holds links, overlapping, repeated or path-escaping members"
    ZIP_UNSUPPORTED = "zip_unsupported", "the archive uses a compression method that is not accepted"
    UNSUPPORTED_ENCRYPTION = (
        "unsupported_encryption",
        "encrypted in a way that is not accepted (account lock, passphrase age...)",
    )
    WRONG_PASSWORD = "wrong_password", "encrypted, and none of the passwords fits"
    PACKAGE_MALFORMED = (
        "package_malformed",
        "not exactly payload.age, manifest.json and manifest.p7s, each stored once",
    )
    MANIFEST_INVALID = "manifest_invalid", "the manifest has missing, unknown or impossible entries"
    UNKNOWN_SUITE = (
        "unknown_suite",
        "the manifest names a suite that this hub does not have or does not accept",
    )
    SIGNATURE_INVALID = (
        "signature_invalid",
        "the signature is not that of exactly one signer over this manifest",
    )
    CERTIFICATE_UNTRUSTED = (
        "certificate_untrusted",
        "the signer's certificate is not one of the hub's authority for signing",
    )
    CERTIFICATE_EXPIRED = "certificate_expired", "the signer's certificate is not valid on that day"
    CERTIFICATE_REVOKED = "certificate_revoked", "the signer's certificate has been revoked"
    REVOCATION_LIST_UNUSABLE = (
        "revocation_list_unusable",
        "the hub's revocation list is missing, expired or not yet valid",
    )
    WRONG_RECIPIENT_KEY = "wrong_recipient_key", "encrypted for another key than those at hand"
    CONTENT_MISMATCH = "content_mismatch", "the content is not the one that was signed or asked for"
    NO_RECIPIENT = "no_recipient", "nothing is sealed without at least one recipient"
    KEY_UNUSABLE = "key_unusable", "a key, certificate or recipient cannot be read or does not fit"
    KEYS_EXIST = "keys_exist", "the folder already holds keys: they are never overwritten"
    SEALING_FAILED = "sealing_failed", "the envelope just made did not open again with the same content"
    NOT_IN_VAULT = "not_in_vault", "the vault has no content of that hash"
    OPENSSL_MISSING = "openssl_missing", "the openssl command is not installed"
    OPENSSL_TOO_OLD = "openssl_too_old", "the openssl command is not OpenSSL 3.0 or later"


class SealError(Exception):
    """A fault of an envelope or a key. It says the code and its meaning: no secret, name or content."""

    def __init__(self, code: SealCode, *, suite: str = "") -> None:
        """``suite``: for unknown_suite, the one that was named (shortened to harmless characters)."""
        super().__init__(f"{code.value}: {code.meaning}" + (f" [{suite}]" if suite else ""))
        self.code = code
        self.suite = suite

    def __reduce__(self) -> tuple[Callable[..., SealError], tuple[SealCode, str]]:
        """Survive the way home from a child process."""
        return _rebuild, (self.code, self.suite)


def _rebuild(code: SealCode, suite: str) -> SealError:
    return SealError(code, suite=suite)
