"""Bringing a database to the policy: schema, typed tables, regions, the bundle's hash, and the roles' rights."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from bidui.pipeline.office import Office
from bidui.policy import physical
from bidui.store import ledger, migrate, roles, tables
from bidui.store.database import Role

_END_REGION = text("""
    UPDATE core.region SET valid_to = :valid_to
    WHERE (hub, code, valid_from) = (:hub, :code, :valid_from) AND valid_to IS DISTINCT FROM :valid_to
""")


def migrate_up(office: Office) -> None:
    """The fixed schema, up to the newest revision."""
    with office.database.begin(Role.OWNER) as connection:
        migrate.upgrade(connection)
        roles.grant(connection)


def apply_policy(office: Office, as_of: datetime) -> list[str]:
    """Make or extend the typed tables and record regions and bundle; returns what was done, in words."""
    policy, done = office.policy, []
    with office.database.begin(Role.OWNER) as connection:
        ledger.lock(connection, "policy apply")
        for contract in policy.tables:
            done += physical.apply(connection, contract)
        regions = [
            {"hub": r.hub, "code": r.code, "valid_from": r.valid_from, "valid_to": r.valid_to, "name": r.name,
             "level": r.level, "parent": r.parent} for r in policy.regions
        ]  # fmt: skip
        if new := ledger.record_new(connection, tables.region, *regions):
            done.append(f"regions: {new} new")
        if ended := sum(connection.execute(_END_REGION, region).rowcount for region in regions if region["valid_to"]):
            done.append(f"regions: {ended} ended")
        bundle = {"hash": policy.hash, "profile": policy.profile.id, "objects": policy.objects, "recorded_as_of": as_of}
        if ledger.record_new(connection, tables.policy_bundle, bundle):
            done.append(f"policy bundle {policy.hash[:12]}: recorded")
        roles.grant(connection)
    return done
