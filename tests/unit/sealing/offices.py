"""A hub with one contact, as the tests of envelopes need it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bidui.sealing import authority, machine

NOW = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
NEXT_UPDATE = NOW + timedelta(days=40)


@dataclass(frozen=True)
class Office:
    """A hub's folder of keys and one contact of one party."""

    folder: Path
    recipient: str
    identities: list[str]
    trust: Path
    certificate: Path
    key: Path

    def seal(self, payload: bytes = b"a,b\r\n1,2\r\n", **facts: Any) -> bytes:
        """A package from the contact to the hub; ``facts`` replace those of the manifest."""
        return machine.seal(
            payload, FACTS | facts, recipients=[self.recipient], certificate=self.certificate, key=self.key
        )

    def verify(self, package: bytes, at: datetime = NOW + timedelta(hours=2)) -> machine.Verified:
        """Verify against this hub's trust."""
        return machine.verify(package, trust=self.trust, at=at)


FACTS = {
    "sender": "agency_a",
    "recipient": "hub_a",
    "dataset": "agency_a.roster",
    "period": "2026-10",
    "kind": "full",
    "data_date": date(2026, 10, 20),
    "seq": 1,
    "made_at": NOW,
}


def make_office(folder: Path) -> Office:
    """A new hub; its contact's certificate is good for 300 days."""
    keys = authority.create_hub_keys(folder, now=NOW, next_update=NEXT_UPDATE)
    certificate, key = authority.issue(folder, "agency_a.contact", days=300, not_before=NOW)
    return Office(folder, keys.recipient, authority.identities(folder), keys.trust, certificate, key)
