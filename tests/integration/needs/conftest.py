"""A hub with a register of three people, a mail server, and an agency that has no agreement."""

from __future__ import annotations

import io
import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from sqlalchemy import text

from bidui.pipeline import need
from bidui.pipeline.office import Office
from bidui.pipeline.registered import Need
from bidui.sealing import workbook
from bidui.store.database import Role
from demo.services.mail import MailServer
from demo.services.process import free_port
from tests.sql.case import table
from tests.sql.play import Play

PERIOD = "2026-11"
REGISTER, WITHHELD = "hub.alleviated_person", "statistics.household_survey"
ADDRESS, HEAD = "aid@red-cross.example", "bureau-head"
VILLAGE = "990821101201"
ASKED = {
    "party": "县红十字会", "office": "救助科", "email": ADDRESS, "dataset": REGISTER, "mode": "query",
    "fields": ["姓名", "村", "户类型"], "use": "monitoring", "purpose": "冬季送温暖物资发放到户",
    "basis": "县红十字会工作规程", "term_from": "2026-12-01", "term_to": "2026-12-31",
}  # fmt: skip
PEOPLE = f"""
    person | household | name | head_name | region    | relation | household_type | monitored_category
    甲     | 一户      | 甲一 | 甲一      | {VILLAGE} | head     | alleviated     |
    乙     | 一户      | 乙一 | 甲一      | {VILLAGE} | spouse   | alleviated     |
    丙     | 二户      | 丙一 | 丙一      | {VILLAGE} | head     | alleviated     | unstable
"""


@dataclass
class Window:
    """The hub's window: where needs are handed in, and what those who asked get by mail."""

    office: Office
    post: Path
    now: datetime

    def later(self, **span: float) -> datetime:
        """Time passes."""
        self.now += timedelta(**span)
        return self.now

    def form(self, **said: Any) -> str:
        """The form that was handed in, with some of it said otherwise; ``None`` leaves a field out."""
        stated = {name: value for name, value in {**ASKED, **said}.items() if value is not None}
        return yaml.safe_dump(stated, allow_unicode=True)

    def asked(self, **said: Any) -> Need:
        """Record a need."""
        return need.record(self.office, self.form(**said), self.now)

    def granted(self, **said: Any) -> Need:
        """Record a need and grant it."""
        return need.grant(self.office, self.asked(**said).need_id, HEAD, self.now)

    def register(self, rows: str = PEOPLE) -> None:
        """The hub's own export of the month has come."""
        play, drawn = Play(self.office.database, self.office.policy, self.now), table(rows)
        contract = self.office.policy.contracts[REGISTER]
        with self.office.database.begin(Role.INTAKE) as connection:
            play.mint(connection, drawn)
            about = {"period": PERIOD, "kind": "full", "data_date": date(2026, 11, 20), "recorded_as_of": self.now}
            play.settle(connection, contract, play.submit(connection, contract, about), drawn)

    def mails(self, address: str = ADDRESS) -> list[EmailMessage]:
        """What somebody has got, in the order of subjects."""
        box = mailbox.Maildir(self.post / address)
        found = [message_from_bytes(box.get_bytes(key), policy=default) for key in box.keys()]  # noqa: SIM118 - a mailbox
        ours = (mail for mail in found if isinstance(mail, EmailMessage))
        return sorted(ours, key=lambda mail: (mail["Date"].datetime, mail["Subject"]))

    def letter(self) -> str:
        """The text of the newest mail to who asked."""
        return self.mails()[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]

    def book(self, asked: Need, period: str = PERIOD) -> list[list[Any]]:
        """The rows of the workbook that came with the newest mail, opened with the password that was told."""
        (part,) = list(self.mails()[-1].iter_attachments())
        opened = workbook.open_(part.get_content(), [need.password(self.office, asked.number, period)])
        return [list(row) for row in openpyxl.load_workbook(io.BytesIO(opened)).worksheets[0].values]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.office.database.begin(Role.DELIVER) as connection:
            return [tuple(row) for row in connection.execute(text(statement))]


@pytest.fixture
def window(office: Office, tmp_path: Path, as_of: datetime) -> Iterator[Window]:
    server = MailServer(free_port(), tmp_path / "post", ())
    server.start()
    vars(office)["mail_server"] = f"127.0.0.1:{server.port}"
    yield Window(office, tmp_path / "post", as_of)
    server.stop()
