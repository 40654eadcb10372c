"""Workbooks as the three offices send them, on the roads on which they come: an exchange folder and a mailbox."""

from __future__ import annotations

import io
import mailbox
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from bidui.domain.id_number import check_character
from bidui.domain.period import Period
from bidui.pipeline import deliver, roads
from bidui.pipeline.arrive import arrive
from bidui.pipeline.office import Office
from bidui.pipeline.receive import Received, receive
from bidui.pipeline.unseal import password
from bidui.policy.policy_set import PolicySet
from bidui.sealing import authority, workbook
from bidui.store.database import Role

PERIOD = "2026-11"
NOW = datetime.fromisoformat("2026-11-26T10:00:00+08:00")
Row = list[Any]


def person(birth: str = "19800203", serial: str = "001") -> str:
    """A number of the fictional county, with its check character."""
    first = f"990821{birth}{serial}"
    return first + check_character(first)


def mistyped(number: str) -> str:
    """The number with one digit wrong, which its check character betrays."""
    return number[:16] + str((int(number[16]) + 1) % 10) + number[17:]


def sheet(*rows: Row, title: str = "Sheet1") -> bytes:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@dataclass
class Roads:
    """The hub's roads; everything that comes in on them is received and answered at once."""

    office: Office
    now: datetime = NOW
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def folder(self, party: str, dataset: str, name: str, data: bytes) -> Received:
        """Drop a file into the exchange folder."""
        place = self.office.home / "inbox" / party / dataset
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
        return self.taken()

    def mail(self, region: str, name: str, data: bytes, *, sealed: bool = False, sender: str = "") -> Received:
        """Mail a workbook from a town's contact, sealed with the town's password of the period if it is not yet.

        ``sender``: the address of another contact, or of somebody else.
        """
        agreement, contact = next(
            (a, c) for a in self.office.policy.agreements.values() for c in a.contacts if c.region == region
        )
        mail = EmailMessage()
        mail["From"], mail["To"] = sender or contact.email, self.office.policy.profile.desk.email
        mail["Subject"] = "报送"
        mail["Message-ID"] = f"<{region}.{self.now:%H%M%S}@xiang.example>"
        mail.set_content("见附件。")
        told = password(self.office, agreement.party, region, PERIOD)
        content = data if sealed else workbook.seal(data, told)
        mail.add_attachment(content, "application", "octet-stream", filename=name)
        mailbox.Maildir(self.office.home / "post" / self.office.policy.profile.desk.email).add(mail)
        return self.taken()

    def taken(self) -> Received:
        """Look until the one file that came in is taken; receive it."""
        list(roads.folder(self.office, self._seen, self.now))  # a first look: files that still grow are left
        (batch,) = [*roads.folder(self.office, self._seen, self.now), *roads.mails(self.office, self.now)]
        (found,) = batch.files
        arrival = arrive(self.office, found.data, found.name, found.origin, found.dataset, self.now)
        roads.take_away(self.office, batch)
        received = receive(self.office, arrival.arrival_id)
        deliver.reply(self.office, arrival.arrival_id, self.now)
        self.now += timedelta(minutes=5)
        return received

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, as the owner sees them."""
        with self.office.database.begin(Role.OWNER) as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def issues(self, received: Received) -> list[tuple[int | None, str, str]]:
        """(row, header as the sender knows it, code) of the notes and quarantines of a package."""
        contract = self.office.policy.contract_for(received.dataset, Period.parse(received.period))
        titles = {c.name: c.title for c in contract.as_written}
        found = self.rows(
            "SELECT row_no, column_name, code FROM core.row_issue"
            " WHERE arrival_id = :id AND effect <> 'repair' ORDER BY row_no, ordinal",
            id=received.arrival_id,
        )
        return [(row, titles.get(column, column), code) for row, column, code in found]


@pytest.fixture(scope="module")
def road(
    copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path, policy: PolicySet,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Roads]:  # fmt: skip
    """The roads of an office that the tests of a module share, because receiving takes longer than looking."""
    home = tmp_path_factory.mktemp("office") / "home"
    shutil.copytree(passwords, home / "secrets")
    (home / "post").mkdir()
    authority.create_hub_keys(home / "keys", now=NOW - timedelta(days=90), next_update=NOW + timedelta(days=365))
    with copied() as address:
        office = Office(home, repository / "include", "demo", address, "127.0.0.1:9")
        vars(office)["policy"] = policy
        yield Roads(office)
        office.database.close()


@pytest.fixture(scope="module")
def places(policy: PolicySet) -> Callable[[int], tuple[str, str, str]]:
    """The town of that ordinal: code, name, and the name of its first village."""
    towns = policy.regions_of("town", NOW.date())

    def place(ordinal: int) -> tuple[str, str, str]:
        town = towns[ordinal]
        village = next(r for r in policy.regions if r.parent == town.code)
        return town.code, town.name, village.name

    return place
