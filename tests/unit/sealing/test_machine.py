"""Machine packages: what opens, and every way in which one must not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bidui.sealing import age, authority, cms, machine, suites
from bidui.sealing.errors import SealCode, SealError
from tests.unit.sealing.offices import FACTS, NEXT_UPDATE, NOW, Office


def members(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(contents: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return out.getvalue()


def edited(package: bytes, **changes: Any) -> bytes:
    """The package with entries of its manifest changed, and its old signature."""
    parts = members(package)
    manifest = json.loads(parts[machine.MANIFEST]) | changes
    return pack(parts | {machine.MANIFEST: json.dumps(manifest).encode()})


def signed(office: Office, package: bytes, manifest: dict[str, Any] | bytes, payload: bytes | None = None) -> bytes:
    """The package with another manifest and payload, properly signed by the contact."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    parts = members(package) | {
        machine.MANIFEST: text,
        machine.SIGNATURE: cms.sign(text, certificate=office.certificate, key=office.key),
    }
    return pack(parts if payload is None else parts | {machine.PAYLOAD: payload})


def refusal(call: Callable[[], object]) -> SealCode:
    with pytest.raises(SealError) as caught:
        call()
    return caught.value.code


def test_a_package_opens_to_what_was_sealed(office: Office) -> None:
    package = office.seal(b"x" * 200_000, kind="amend", seq=7)
    verified = office.verify(package)
    assert verified.signer_fingerprint == authority.fingerprint(office.certificate)
    assert (verified.manifest.sender, verified.manifest.kind, verified.manifest.seq) == (
        "agency_a",
        "amend",
        7,
    )
    assert verified.manifest.made_at == NOW
    assert machine.decrypt(verified, identities=office.identities) == b"x" * 200_000
    assert b"xxxx" not in package
    assert "ciphertext" not in repr(verified)


def test_any_of_several_recipients_and_identities_opens(office: Office, stranger: Office) -> None:
    package = machine.seal(
        b"1",
        FACTS,
        recipients=[office.recipient, stranger.recipient],
        certificate=office.certificate,
        key=office.key,
    )
    older, _ = age.generate()
    assert machine.decrypt(office.verify(package), identities=[older, *stranger.identities]) == b"1"


@pytest.mark.parametrize("member", machine.MEMBERS)
def test_a_flipped_byte_anywhere_is_refused(office: Office, member: str) -> None:
    parts = members(office.seal())
    middle = len(parts[member]) // 2
    content = bytearray(parts[member])
    content[middle] ^= 1
    assert refusal(lambda: office.verify(pack(parts | {member: bytes(content)}))) in {
        SealCode.DAMAGED,
        SealCode.SIGNATURE_INVALID,
        SealCode.CERTIFICATE_UNTRUSTED,
        SealCode.MANIFEST_INVALID,
        SealCode.UNKNOWN_SUITE,
    }


def test_a_flipped_byte_of_the_file_itself_is_refused(office: Office) -> None:
    package = office.seal()
    for position in range(0, len(package), 97):
        broken = package[:position] + bytes([package[position] ^ 0x20]) + package[position + 1 :]
        try:
            verified = office.verify(broken)
        except SealError:
            continue
        assert members(broken) == members(package), position  # only the ZIP's dates and the like
        assert machine.decrypt(verified, identities=office.identities)


@pytest.mark.parametrize("kept", [0, 3, 100, 0.5, 0.99])
def test_a_truncated_package_is_refused(office: Office, kept: float) -> None:
    package = office.seal()
    length = kept if isinstance(kept, int) else int(len(package) * kept)
    assert refusal(lambda: office.verify(package[:length])) in {SealCode.DAMAGED, SealCode.UNKNOWN_FORMAT}


@pytest.mark.parametrize(
    "change",
    [{"recipient": "hub_b"}, {"period": "2026-11"}, {"seq": 2}, {"kind": "nil"}, {"sender": "agency_b"}],
)
def test_an_altered_manifest_is_refused(office: Office, change: dict[str, Any]) -> None:
    assert refusal(lambda: office.verify(edited(office.seal(), **change))) is SealCode.SIGNATURE_INVALID


def test_a_payload_swapped_for_another_is_refused(office: Office) -> None:
    other = age.encrypt(b"other", [office.recipient])
    package = pack(members(office.seal()) | {machine.PAYLOAD: other})
    assert refusal(lambda: office.verify(package)) is SealCode.DAMAGED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"extra": 1}, "unknown key"),
        ({"seq": 0}, "not a running number"),
        ({"seq": "1"}, "a number as text"),
        ({"kind": "partial"}, "not in the list"),
        ({"data_date": "2026-02-30"}, "no such day"),
        ({"made_at": "2026-10-25T09:00:00"}, "no zone"),
        ({"dataset": "../../etc"}, "not an id"),
        ({"v": 2}, "another version"),
    ],
)
def test_a_signed_but_impossible_manifest_is_refused(office: Office, change: dict[str, Any], why: str) -> None:
    package = office.seal()
    manifest = json.loads(members(package)[machine.MANIFEST]) | change
    assert refusal(lambda: office.verify(signed(office, package, manifest))) is SealCode.MANIFEST_INVALID, why


def test_a_repeated_key_is_refused(office: Office) -> None:
    package = office.seal()
    text = members(package)[machine.MANIFEST].replace(b"{", b'{"period": "2026-09",', 1)
    assert refusal(lambda: office.verify(signed(office, package, text))) is SealCode.MANIFEST_INVALID


@pytest.mark.parametrize("missing", ["dataset", "seq", "made_at"])
def test_a_package_is_not_made_with_facts_missing(office: Office, missing: str) -> None:
    facts = {key: value for key, value in FACTS.items() if key != missing}
    keys = {"recipients": [office.recipient], "certificate": office.certificate, "key": office.key}
    assert refusal(lambda: machine.seal(b"1", facts, **keys)) is SealCode.MANIFEST_INVALID


# --- the archive around it


def test_members_must_be_exactly_the_three_and_stored(office: Office) -> None:
    parts = members(office.seal())
    few = {name: parts[name] for name in (machine.PAYLOAD, machine.MANIFEST)}
    renamed = {name.upper(): content for name, content in parts.items()}
    malformed = SealCode.PACKAGE_MALFORMED
    assert refusal(lambda: office.verify(pack(few))) is malformed
    assert refusal(lambda: office.verify(pack(renamed))) is malformed
    assert refusal(lambda: office.verify(pack(parts, zipfile.ZIP_DEFLATED))) is malformed
    assert refusal(lambda: office.verify(pack(parts | {"more.txt": b"1"}))) is SealCode.TOO_LARGE


def test_sizes_are_bounded(office: Office) -> None:
    package = office.seal(b"x" * 10_000)
    assert refusal(lambda: machine.verify(package, trust=office.trust, at=NOW, max_bytes=5_000)) is SealCode.TOO_LARGE
    fat = pack(members(package) | {machine.MANIFEST: b" " * 70_000})
    assert refusal(lambda: office.verify(fat)) is SealCode.TOO_LARGE


def test_what_is_no_package_is_said_so(office: Office) -> None:
    assert refusal(lambda: office.verify(b"a,b\r\n")) is SealCode.UNKNOWN_FORMAT


# --- the signer


def test_a_revoked_certificate_is_refused(own_office: Office) -> None:
    package = own_office.seal()
    authority.revoke(own_office.folder, own_office.certificate, now=NOW, next_update=NEXT_UPDATE)
    assert refusal(lambda: own_office.verify(package)) is SealCode.CERTIFICATE_REVOKED


def test_a_signer_cannot_bring_an_older_revocation_list_along(own_office: Office) -> None:
    """OpenSSL prefers the list inside the signature: alone it accepts this package."""
    package = own_office.seal()
    older = x509.load_pem_x509_crl((own_office.folder / authority.REVOCATIONS).read_bytes())
    authority.revoke(own_office.folder, own_office.certificate, now=NOW, next_update=NEXT_UPDATE)
    parts = members(package)
    parts[machine.SIGNATURE] = with_revocation_list(parts[machine.SIGNATURE], older.public_bytes(Encoding.DER))
    assert refusal(lambda: own_office.verify(pack(parts))) is SealCode.CERTIFICATE_REVOKED


def test_another_contact_goes_on_when_one_is_revoked(own_office: Office) -> None:
    second, key = authority.issue(own_office.folder, "agency_a.contact", days=300, not_before=NOW)
    authority.revoke(own_office.folder, own_office.certificate, now=NOW, next_update=NEXT_UPDATE)
    package = machine.seal(b"1", FACTS, recipients=[own_office.recipient], certificate=second, key=key)
    assert own_office.verify(package).signer_fingerprint == authority.fingerprint(second)


def test_the_revocation_list_must_be_in_force(office: Office, own_office: Office, tmp_path: Path) -> None:
    unusable = SealCode.REVOCATION_LIST_UNUSABLE
    package = office.seal()
    assert office.verify(package, at=NEXT_UPDATE - timedelta(minutes=1))
    assert refusal(lambda: office.verify(package, at=NEXT_UPDATE + timedelta(minutes=1))) is unusable
    bare = tmp_path / "bare.pem"
    bare.write_bytes((office.folder / authority.AUTHORITY).read_bytes())
    assert refusal(lambda: machine.verify(package, trust=bare, at=NOW)) is unusable
    later = NEXT_UPDATE + timedelta(days=1)
    authority.renew_revocations(own_office.folder, now=later, next_update=later + timedelta(days=40))
    assert own_office.verify(own_office.seal(), at=later)


def test_the_certificate_must_be_valid_on_the_day_given(own_office: Office) -> None:
    package = own_office.seal()
    later = NOW + timedelta(days=301)
    authority.renew_revocations(own_office.folder, now=later, next_update=later + timedelta(days=40))
    assert refusal(lambda: own_office.verify(package, at=later)) is SealCode.CERTIFICATE_EXPIRED
    tomorrow = NOW + timedelta(days=1)
    early, key = authority.issue(own_office.folder, "early", days=30, not_before=later + timedelta(days=1))
    package = machine.seal(b"1", FACTS, recipients=[own_office.recipient], certificate=early, key=key)
    authority.renew_revocations(own_office.folder, now=NOW, next_update=NEXT_UPDATE)
    assert refusal(lambda: own_office.verify(package, at=tomorrow)) is SealCode.CERTIFICATE_EXPIRED


def test_a_certificate_of_another_authority_is_refused(office: Office, stranger: Office) -> None:
    package = machine.seal(
        b"1", FACTS, recipients=[office.recipient], certificate=stranger.certificate, key=stranger.key
    )
    assert refusal(lambda: office.verify(package)) is SealCode.CERTIFICATE_UNTRUSTED


def test_a_self_signed_certificate_is_refused(office: Office, stranger: Office) -> None:
    certificate, key = stranger.folder / authority.AUTHORITY, stranger.folder / authority.AUTHORITY_KEY
    package = machine.seal(b"1", FACTS, recipients=[office.recipient], certificate=certificate, key=key)
    assert refusal(lambda: office.verify(package)) is SealCode.CERTIFICATE_UNTRUSTED


def test_the_authority_itself_may_not_sign_packages(office: Office) -> None:
    certificate, key = office.folder / authority.AUTHORITY, office.folder / authority.AUTHORITY_KEY
    package = machine.seal(b"1", FACTS, recipients=[office.recipient], certificate=certificate, key=key)
    assert refusal(lambda: office.verify(package)) is SealCode.CERTIFICATE_UNTRUSTED


def test_a_key_that_is_not_the_certificates_cannot_sign(office: Office, stranger: Office) -> None:
    keys = {"recipients": [office.recipient], "certificate": office.certificate, "key": stranger.key}
    assert refusal(lambda: machine.seal(b"1", FACTS, **keys)) is SealCode.KEY_UNUSABLE


# --- the encryption


def test_a_package_for_another_hub_does_not_open(office: Office, stranger: Office) -> None:
    verified = office.verify(office.seal())
    assert refusal(lambda: machine.decrypt(verified, identities=stranger.identities)) is SealCode.WRONG_RECIPIENT_KEY
    assert refusal(lambda: machine.decrypt(verified, identities=[])) is SealCode.WRONG_RECIPIENT_KEY
    assert refusal(lambda: machine.decrypt(verified, identities=["nonsense"])) is SealCode.KEY_UNUSABLE


def test_a_passphrase_payload_is_refused_without_trying(office: Office) -> None:
    header = f"age-encryption.org/v1\n-> scrypt {'A' * 22} 23\n{'A' * 43}\n--- {'A' * 43}\n"  # minutes of work
    package = signed_with_payload(office, header.encode() + bytes(64))
    verified = office.verify(package)
    assert refusal(lambda: machine.decrypt(verified, identities=office.identities)) is SealCode.UNSUPPORTED_ENCRYPTION


def test_a_payload_that_is_not_what_the_manifest_says_is_refused(office: Office) -> None:
    verified = office.verify(signed_with_payload(office, age.encrypt(b"other", [office.recipient])))
    assert refusal(lambda: machine.decrypt(verified, identities=office.identities)) is SealCode.CONTENT_MISMATCH


def test_a_payload_that_is_no_age_file_is_damaged(office: Office) -> None:
    verified = office.verify(signed_with_payload(office, b"nothing of the kind"))
    assert refusal(lambda: machine.decrypt(verified, identities=office.identities)) is SealCode.DAMAGED


@pytest.mark.parametrize(("recipients", "code"), [([], SealCode.NO_RECIPIENT), (["age1nobody"], SealCode.KEY_UNUSABLE)])
def test_nothing_is_sealed_for_nobody(office: Office, recipients: list[str], code: SealCode) -> None:
    keys = {"recipients": recipients, "certificate": office.certificate, "key": office.key}
    assert refusal(lambda: machine.seal(b"1", FACTS, **keys)) is code


# --- suites


class ClearSuite(suites.AgeCms1):
    """A second suite that does not encrypt: what a downgrade would aim at."""

    id = "clear-0"

    @staticmethod
    def encrypt(data: bytes, recipients: object) -> bytes:
        return data

    @staticmethod
    def decrypt(data: bytes, identities: object) -> bytes:
        return data


@pytest.fixture
def second_suite(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(suites.SUITES, ClearSuite.id, ClearSuite())
    return ClearSuite.id


def test_an_unknown_suite_is_refused_by_name(office: Office) -> None:
    with pytest.raises(SealError, match="sm2-sm3-sm4-1") as caught:
        office.verify(edited(office.seal(), suite="sm2-sm3-sm4-1"))
    assert (caught.value.code, caught.value.suite) == (SealCode.UNKNOWN_SUITE, "sm2-sm3-sm4-1")
    with pytest.raises(SealError) as caught:
        office.verify(edited(office.seal(), suite="two\nlines"))
    assert (caught.value.code, caught.value.suite) == (SealCode.UNKNOWN_SUITE, "?")


def test_a_package_cannot_be_moved_to_another_suite(office: Office, second_suite: str) -> None:
    assert refusal(lambda: office.verify(edited(office.seal(), suite=second_suite))) is SealCode.SIGNATURE_INVALID


def test_the_same_content_under_two_suites_opens_to_the_same(office: Office, second_suite: str) -> None:
    first, second = (office.verify(office.seal(b"1", suite=name)) for name in (machine.DEFAULT_SUITE, second_suite))
    assert first.manifest.payload.plain_sha256 == second.manifest.payload.plain_sha256
    assert machine.decrypt(first, identities=office.identities) == machine.decrypt(second, identities=[])


def signed_with_payload(office: Office, payload: bytes) -> bytes:
    package = office.seal()
    manifest = json.loads(members(package)[machine.MANIFEST])
    manifest["payload"] |= {"bytes": len(payload), "sha256": machine._sha256(payload)}
    return signed(office, package, manifest, payload)


def with_revocation_list(signature: bytes, crl: bytes) -> bytes:
    """Put a revocation list into a CMS signature, as ``crls [1]``, which no signature covers."""
    content_type, wrapped = der_parts(der_value(signature))
    fields = der_parts(der_value(der_value(wrapped)))
    fields.insert(-1, der(0xA1, crl))
    return der(0x30, content_type + der(0xA0, der(0x30, b"".join(fields))))


def der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def der_value(element: bytes) -> bytes:
    return element[header_length(element) :]


def der_parts(content: bytes) -> list[bytes]:
    parts = []
    while content:
        first = content[1]
        extra = first & 0x7F if first & 0x80 else 0
        length = int.from_bytes(content[2 : 2 + extra], "big") if extra else first
        end = 2 + extra + length
        parts.append(content[:end])
        content = content[end:]
    return parts


def header_length(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
