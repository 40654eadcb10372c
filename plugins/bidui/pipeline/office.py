"""One hub's office: its policy, its store, its vault and its keys, as a use case is handed them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from bidui.domain.names import Variants
from bidui.identity.settling import Context
from bidui.policy.loading import load
from bidui.policy.places import Places
from bidui.policy.policy_set import PolicySet
from bidui.sealing import authority
from bidui.sealing.vault import Vault
from bidui.store.database import Database


class OfficeError(RuntimeError):
    """The office cannot work as it is set up; the text says what to do."""


@dataclass(frozen=True)
class Office:
    """Where a hub lives. Nothing is opened before it is needed."""

    home: Path
    include: Path
    profile: str
    database_address: str
    mail_server: str
    programs: Path | None = None
    """Folder of Postgres' client programs; None: they are on the PATH."""
    drill_server: str = ""
    """``host:port`` of the server that restores are practised on; its superuser's password is ``secrets/db_drill``."""
    drill_keeps: bool = False
    """Whether what a drill has restored stays until the next one, to be looked at."""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] | None = None) -> Office:
        """The office that BIDUI_HOME, BIDUI_INCLUDE, BIDUI_PROFILE, BIDUI_DB and BIDUI_SMTP describe.

        BIDUI_PG_BIN, BIDUI_DRILL_DB and BIDUI_DRILL_KEEP may be missing.
        """
        known = os.environ if variables is None else variables
        missing = [
            name
            for name in ("BIDUI_HOME", "BIDUI_INCLUDE", "BIDUI_PROFILE", "BIDUI_DB", "BIDUI_SMTP")
            if not known.get(name)
        ]
        if missing:
            raise OfficeError(f"缺少环境变量 {'、'.join(missing)}；演示的这样读入：set -a; . build/demo/env; set +a")
        return cls(
            Path(known["BIDUI_HOME"]),
            Path(known["BIDUI_INCLUDE"]),
            known["BIDUI_PROFILE"],
            known["BIDUI_DB"],
            known["BIDUI_SMTP"],
            Path(known["BIDUI_PG_BIN"]) if known.get("BIDUI_PG_BIN") else None,
            known.get("BIDUI_DRILL_DB", ""),
            known.get("BIDUI_DRILL_KEEP") == "1",
        )

    @cached_property
    def policy(self) -> PolicySet:
        """The validated policy."""
        return load(self.include, self.profile)

    @cached_property
    def database(self) -> Database:
        """The store."""
        return Database(self.database_address, self.home / "secrets")

    @property
    def keys(self) -> Path:
        """Folder of the hub's keys."""
        return self.home / "keys"

    @property
    def backup(self) -> Path:
        """Folder of the snapshots."""
        return self.home / "backup"

    @cached_property
    def vault(self) -> Vault:
        """Originals and sent plaintext, sealed for the hub."""
        return Vault(self.home / "vault", [authority.hub_keys(self.keys).recipient], authority.identities(self.keys))

    @property
    def zone(self) -> ZoneInfo:
        """The hub's time zone."""
        return ZoneInfo(self.policy.profile.time_zone)

    def today(self, as_of: datetime) -> date:
        """The hub's day at that time."""
        return as_of.astimezone(self.zone).date()

    @cached_property
    def variants(self) -> Variants:
        """Characters that stand for each other in names."""
        return Variants.of((row["a"], row["b"], row["reason"]) for row in self.policy.table("name_variant"))

    def places(self, as_of: datetime) -> Places:
        """The hub's regions on that day."""
        return Places(self.policy.regions, self.today(as_of))

    def context(self, as_of: datetime) -> Context:
        """What tokens depend on besides the rows."""
        return Context(self.policy.hub, self.policy.profile.numbering.system, self.variants, as_of)
