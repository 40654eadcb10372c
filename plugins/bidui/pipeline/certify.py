"""Issuing a signing certificate to a designated contact, or revoking it, on record (QA-14); making the escrow key."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from bidui.pipeline.office import Office, OfficeError
from bidui.sealing import authority, backup_keys
from bidui.store import ledger, tables
from bidui.store.database import Role


def certify(office: Office, contact_id: str, as_of: datetime, days: int) -> tuple[Path, Path]:
    """Issue a certificate to a contact of an agreement; returns (certificate, key)."""
    party = next((a.party for a in office.policy.agreements.values() for c in a.contacts if c.id == contact_id), None)
    if party is None:
        raise OfficeError(f"协议中没有联系人 {contact_id}，请先办理备案")
    certificate, key = authority.issue(office.keys, contact_id, days=days, not_before=as_of)
    with office.database.begin(Role.INTAKE) as connection:
        ledger.record_new(connection, tables.certificate, {
            "fingerprint": authority.fingerprint(certificate), "event": "registered", "party": party,
            "contact": contact_id, "recorded_as_of": as_of})  # fmt: skip
    return certificate, key


def revoke(office: Office, certificate: Path, as_of: datetime, next_list: datetime) -> None:
    """Revoke a certificate: the revocation list is published anew, good until ``next_list``, and the ledger says so."""
    fingerprint = authority.fingerprint(certificate)
    with office.database.begin(Role.INTAKE) as connection:
        known = connection.execute(
            text("SELECT party, contact FROM core.certificate WHERE fingerprint = :print"), {"print": fingerprint}
        ).first()
        if known is None:
            raise OfficeError("这份证书没有登记过，请核对文件")
        authority.revoke(office.keys, certificate, now=as_of, next_update=next_list)
        ledger.record_new(connection, tables.certificate, {
            "fingerprint": fingerprint, "event": "revoked", "party": known.party, "contact": known.contact,
            "recorded_as_of": as_of})  # fmt: skip


def create_escrow(office: Office, target: Path) -> str:
    """Make the snapshots' escrow key: its secret half goes to ``target``, off this hub; returns the public half."""
    if target.resolve().is_relative_to(office.home.resolve()):
        raise OfficeError("异地保管密钥不能写在本中心的工作文件夹里，请写到移动介质上")
    backup_keys.create(office.keys)  # a hub that is older than its backups has none yet
    return backup_keys.create_escrow(office.keys, target)
