"""A hub that has closed a month, a mail server, and those who approve."""

from __future__ import annotations

import mailbox
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bidui.domain.keys import digest
from bidui.pipeline import approve, deliver
from bidui.pipeline.office import Office
from bidui.store import ledger, tables
from bidui.store.database import Role
from demo.services.mail import MailServer
from demo.services.process import free_port

# Airflow writes into its home when it is imported: it gets one of its own, before anything imports it.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

PERIOD = "2026-11"


@dataclass
class Desk:
    """A hub that has closed a month, and the mails that leave it."""

    office: Office
    post: Path
    now: datetime

    def later(self, hours: float = 1) -> datetime:
        """Time passes."""
        self.now += timedelta(hours=hours)
        return self.now

    def close(self, number: int) -> None:
        """The month's next round."""
        with self.office.database.begin(Role.COMPARE) as connection:
            ledger.record(connection, tables.closing, {
                "hub": self.office.policy.hub, "period": PERIOD, "round": number,
                "policy_hash": self.office.policy.hash, "recorded_as_of": self.now})  # fmt: skip

    def report(self, as_of: datetime | None = None) -> str:
        """Prepare the report, as far as its approvals let it go; its delivery id."""
        when = as_of or self.now
        errand = next(
            e for e in deliver.errands(self.office, "close", PERIOD, when)
            if self.office.policy.recipes[e.recipe].approvals
        )  # fmt: skip
        sent = deliver.run(self.office, errand, when)
        assert sent is not None
        return sent.delivery_id

    def decide(self, delivery: str, by: str, decision: approve.Decision = "approved", **more: Any) -> str:
        return approve.approve(self.office, delivery, by, self.later(), decision, **more)

    def approvals(self, delivery: str) -> list[tuple[Any, ...]]:
        """(role, decision, by, hash, road, remark) as the ledger has them."""
        with self.office.database.begin(Role.DELIVER) as connection:
            return [tuple(row) for row in connection.execute(text(
                "SELECT role, decision, decided_by, content_hash, road, remark FROM out.approval"
                " WHERE delivery_id = :id ORDER BY recorded_as_of"), {"id": delivery})]  # fmt: skip

    def prepared_hash(self, delivery: str) -> str:
        """The hash over the delivery's documents, reckoned here."""
        with self.office.database.begin(Role.DELIVER) as connection:
            rows = connection.execute(text("SELECT name, content_hash FROM out.document WHERE delivery_id = :id"),
                                      {"id": delivery})  # fmt: skip
            return digest(sorted([row.name, row.content_hash] for row in rows))

    def mails(self, contact: str) -> list[EmailMessage]:
        """What a contact has got, oldest first."""
        address = next(c.email for a in self.office.policy.agreements.values() for c in a.contacts if c.id == contact)
        box = mailbox.Maildir(self.post / address)
        found = [message_from_bytes(box.get_bytes(key), policy=default) for key in box.keys()]  # noqa: SIM118 - a mailbox
        return sorted((m for m in found if isinstance(m, EmailMessage)), key=lambda m: m["Date"].datetime)

    def documents(self, delivery: str) -> list[bytes]:
        """What would be attached."""
        with self.office.database.begin(Role.DELIVER) as connection:
            hashes = connection.execute(text(
                "SELECT content_hash FROM out.document WHERE delivery_id = :id AND name LIKE '%.docx'"),
                {"id": delivery}).scalars().all()  # fmt: skip
        return [self.office.vault.get(found) for found in hashes]

    def slip_in_a_page(self, delivery: str) -> None:
        """The role that delivers may add a document, though never change one."""
        with self.office.database.begin(Role.DELIVER) as connection:
            ledger.record(connection, tables.document, {
                "delivery_id": delivery, "name": "附页.docx", "content_hash": self.office.vault.put(b"?"),
                "sealing": "plain", "bytes": 1})  # fmt: skip

    def sent(self, delivery: str) -> int:
        """How many mails of a delivery were tried to be sent."""
        with self.office.database.begin(Role.DELIVER) as connection:
            return connection.execute(text(
                "SELECT count(*) FROM out.sending JOIN out.message USING (message_id) WHERE delivery_id = :id"),
                {"id": delivery}).scalar_one()  # fmt: skip


@pytest.fixture
def desk(office: Office, tmp_path: Path, as_of: datetime) -> Iterator[Desk]:
    server = MailServer(free_port(), tmp_path / "post", ())
    server.start()
    vars(office)["mail_server"] = f"127.0.0.1:{server.port}"
    made = Desk(office, tmp_path / "post", as_of)
    made.close(1)
    yield made
    server.stop()


@pytest.fixture
def head(desk: Desk) -> str:
    return desk.office.policy.profile.approvers["head"][0]


@pytest.fixture
def recheck(desk: Desk) -> str:
    return desk.office.policy.profile.approvers["recheck"][0]
