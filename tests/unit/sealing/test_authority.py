"""Key material of a hub."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from bidui.sealing import authority, machine
from bidui.sealing.errors import SealCode, SealError
from tests.unit.sealing.offices import FACTS, NEXT_UPDATE, NOW, Office


def test_secrets_are_for_the_owner_only(office: Office) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in office.folder.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o600}
    assert office.folder.stat().st_mode & 0o777 == 0o700
    assert len(authority.master_secret(office.folder)) == 32
    assert authority.master_secret(office.folder) != bytes(32)


def test_keys_are_never_overwritten(office: Office) -> None:
    with pytest.raises(SealError) as caught:
        authority.create_hub_keys(office.folder, now=NOW, next_update=NEXT_UPDATE)
    assert caught.value.code is SealCode.KEYS_EXIST


def test_a_folder_without_keys_is_said_so(tmp_path: Path) -> None:
    for call in (authority.hub_keys, authority.identities, authority.master_secret):
        with pytest.raises(SealError) as caught:
            call(tmp_path)
        assert caught.value.code is SealCode.KEY_UNUSABLE


def test_certificates_begin_and_end_as_told(office: Office) -> None:
    certificate = x509.load_pem_x509_certificate(office.certificate.read_bytes())
    assert certificate.not_valid_before_utc == NOW
    assert certificate.not_valid_after_utc == NOW + timedelta(days=300)


def test_a_second_certificate_stands_beside_the_first(own_office: Office) -> None:
    second, key = authority.issue(own_office.folder, "agency_a.contact", days=10, not_before=NOW)
    assert second != own_office.certificate
    assert authority.fingerprint(second) != authority.fingerprint(own_office.certificate)
    for certificate, signing_key in ((second, key), (own_office.certificate, own_office.key)):
        package = machine.seal(b"1", FACTS, recipients=[own_office.recipient], certificate=certificate, key=signing_key)
        assert own_office.verify(package).signer_fingerprint == authority.fingerprint(certificate)


@pytest.mark.parametrize("name", ["", "../a", "a/b", "张三", "a b", "x" * 61])
def test_a_contact_is_named_by_an_id(office: Office, name: str) -> None:
    with pytest.raises(ValueError, match="contact's id"):
        authority.issue(office.folder, name, days=1, not_before=NOW)


def test_revoking_keeps_what_was_revoked_before(own_office: Office) -> None:
    second, _ = authority.issue(own_office.folder, "second", days=10, not_before=NOW)
    for certificate in (own_office.certificate, second, second):
        authority.revoke(own_office.folder, certificate, now=NOW, next_update=NEXT_UPDATE)
    authority.renew_revocations(own_office.folder, now=NOW, next_update=NEXT_UPDATE)
    revoked = x509.load_pem_x509_crl((own_office.folder / authority.REVOCATIONS).read_bytes())
    assert len(list(revoked)) == 2
    assert revoked.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 5


def test_one_authority_does_not_revoke_for_another(own_office: Office, stranger: Office) -> None:
    with pytest.raises(SealError) as caught:
        authority.revoke(own_office.folder, stranger.certificate, now=NOW, next_update=NEXT_UPDATE)
    assert caught.value.code is SealCode.KEY_UNUSABLE


def test_a_moment_needs_its_zone(tmp_path: Path) -> None:
    naive = datetime(2026, 10, 25)  # noqa: DTZ001 - what must be refused
    with pytest.raises(ValueError, match="zone"):
        authority.create_hub_keys(tmp_path / "keys", now=naive, next_update=naive)


def test_faults_come_home_from_a_child_process_as_they_were() -> None:
    sent = pickle.dumps(SealError(SealCode.UNKNOWN_SUITE, suite="sm-1"))
    error = pickle.loads(sent)
    assert (error.code, error.suite, str(error)[:13]) == (SealCode.UNKNOWN_SUITE, "sm-1", "unknown_suite")


def test_every_code_has_a_meaning() -> None:
    assert all(code.meaning and str(code) == code.value for code in SealCode)
