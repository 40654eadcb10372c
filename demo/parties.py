"""The parties' side: agencies that seal their extracts, towns that report, fill in their workbooks and send them back.

What they write into a form stands in the form's contract: no column is named here.
"""

from __future__ import annotations

import hashlib
import io
import json
import mailbox
import smtplib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any

import openpyxl

from bidui.pipeline.office import Office as Hub
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Agreement, Contact, Provision
from bidui.policy.contract import Contract
from bidui.policy.policy_set import PolicySet
from bidui.sealing import aeszip, authority, machine, workbook
from demo.office import LOOPBACK, Office

EXCEL = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@dataclass
class Parties:
    """Everybody but the hub; they know what it told them by another road: passwords, its public key, certificates."""

    office: Office
    hub: Hub
    certificates: Mapping[str, tuple[Path, Path]]
    """Contact → (certificate, key)."""
    _sequence: int = field(default=0)

    def sender(self, dataset: str) -> tuple[Agreement, Provision]:
        """Whose agreement gives a dataset, and what it says of it."""
        return next((a, p) for a in self.hub.policy.agreements.values() for p in a.provides if p.dataset == dataset)

    # -- the exchange folder

    def hand_in(
        self, file: Path, party: str, dataset: str, period: str, now: datetime, *, kind: str = "full", copy: int = 0
    ) -> bytes:
        """Seal an extract as its agreement asks and drop it into the exchange folder, whole or not at all.

        ``dataset`` is the name of its folder, which is the same for all parties that give a part of it.
        """
        agreement = self.hub.policy.agreements[party]
        provision = next(p for p in agreement.provides if p.dataset.partition(".")[2] == dataset)
        data, told = file.read_bytes(), password(self.hub, agreement.party, None, period)
        match provision.sealing[0]:
            case "machine":
                sealed = self._machine(data, agreement.party, provision.dataset, period, kind, now)
                name = f"{file.stem}.sealed"
            case "aes_zip":
                sealed, name = aeszip.seal([(file.suffix, data)], told), f"{file.stem}.zip"
            case "password_workbook":
                sealed, name = workbook.seal(data, told), file.name
            case _:
                sealed, name = data, file.name
        self.drop(sealed, party, dataset, f"{copy or ''}{name}")
        return sealed

    def drop(self, sealed: bytes, party: str, dataset: str, name: str) -> None:
        """Put a sealed file into the exchange folder under its final name in one step."""
        folder = self.office.home / "inbox" / party / dataset
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f".{name}"
        unfinished.write_bytes(sealed)
        unfinished.replace(folder / name)

    def _machine(self, data: bytes, party: str, dataset: str, period: str, kind: str, now: datetime) -> bytes:
        self._sequence += 1
        certificate, key = next(pair for contact, pair in self.certificates.items() if contact.startswith(party))
        facts = {
            "sender": party, "recipient": self.hub.policy.hub, "dataset": dataset, "period": period, "kind": kind,
            "data_date": date.fromisoformat(f"{period}-20"), "seq": self._sequence, "made_at": now,
        }  # fmt: skip
        return machine.seal(
            data, facts, recipients=[authority.hub_keys(self.hub.keys).recipient], certificate=certificate, key=key
        )

    # -- mail

    def received(self, address: str) -> list[EmailMessage]:
        """The mails that an address has got, oldest first."""
        box = mailbox.Maildir(self.office.home / "post" / address)
        found = [message_from_bytes(box.get_bytes(key), policy=default) for key in box.keys()]  # noqa: SIM118 - a mailbox
        return sorted((m for m in found if isinstance(m, EmailMessage)), key=lambda m: m["Date"].datetime)

    def workbook_of(self, region: str, period: str) -> tuple[str, openpyxl.Workbook] | None:
        """The visit workbook that a town was sent for a period, opened with the password it was told."""
        agreement, contact = self._office_of(region)
        _, provision = self.sender(visits(self.hub.policy).id)
        told = password(self.hub, agreement.party, region, period)
        for mail in reversed(self.received(contact.email)):
            for part in mail.iter_attachments():
                name = part.get_filename() or ""
                if any(word in name for word in provision.words):
                    data = workbook.open_(part.get_content(), [told])
                    return name, openpyxl.load_workbook(io.BytesIO(data))
        return None

    def send_back(self, region: str, period: str, name: str, book: openpyxl.Workbook) -> None:
        """Mail a filled workbook, or a nil report, to the hub, sealed with the town's password."""
        plain = io.BytesIO()
        book.save(plain)
        self.post(region, period, name, plain.getvalue())

    def post(self, region: str, period: str, name: str, data: bytes) -> None:
        """Mail a workbook to the hub, sealed with the town's password."""
        agreement, contact = self._office_of(region)
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = contact.email, self.hub.policy.profile.desk.email, f"报送 {period}"
        mark = hashlib.sha256(name.encode() + data).hexdigest()[:12]
        mail["Message-ID"] = f"<{period}.{region}.{mark}@{contact.email.partition('@')[2]}>"
        mail.set_content("见附件。")
        sealed = workbook.seal(data, password(self.hub, agreement.party, region, period))
        mail.add_attachment(sealed, maintype=EXCEL[0], subtype=EXCEL[1], filename=name)
        with smtplib.SMTP(LOOPBACK, self.office.ports.mail, timeout=30) as server:
            server.send_message(mail)

    def _office_of(self, region: str) -> tuple[Agreement, Contact]:
        return next((a, c) for a in self.hub.policy.agreements.values() for c in a.contacts if c.region == region)


def visits(policy: PolicySet) -> Contract:
    """The contract under which visit workbooks come back."""
    return policy.contracts[policy.in_role("outcome")[0]]


def fill_in(
    hub: Hub,
    book: openpyxl.Workbook,
    answers: Mapping[str, Mapping[str, Any]],
    day: date,
    *,
    skip: int = 0,
    spoil: bool = False,
) -> int:
    """Fill a visit workbook as a town would, by household number; returns how many rows were answered.

    ``answers``: household number → what the visitor found, under the contract's names of columns. ``skip``: that many
    rows at the end stay blank; ``spoil``: a locked number of the first row is changed, as a slip of the hand.
    """
    contract, sheet = visits(hub.policy), book.worksheets[0]
    titles = {column.title: column.name for column in contract.columns}
    header = next(row for row in sheet.iter_rows(max_row=12) if sum(cell.value in titles for cell in row) > 2)
    places = {titles[cell.value]: cell.column for cell in header if cell.value in titles}
    row_key, household = (next(c.name for c in contract.columns if c.role == r) for r in ("row_key", "household_key"))
    rows = [
        row for row in range(header[0].row + 1, sheet.max_row + 1)
        if sheet.cell(row, places[household]).value and sheet.cell(row, places[row_key]).value
    ]  # fmt: skip
    for row in rows[: len(rows) - skip]:
        found = answers[str(sheet.cell(row, places[household]).value)]
        for column in contract.columns:
            if not column.locked and (value := found[column.name]):
                labels = hub.policy.codes[column.code_list].vocabulary(day) if column.code_list else {}
                sheet.cell(row, places[column.name], labels.get(value, value))
    if spoil:
        number = next(c.name for c in contract.columns if c.locked and c.type == "integer")
        sheet.cell(rows[0], places[number], 99)
    return len(rows) - skip


def nil_report(hub: Hub, period: str, day: date) -> tuple[str, openpyxl.Workbook]:
    """A town's nil report (零报告) on its visits: file name and workbook."""
    contract, words = visits(hub.policy), hub.policy.codes["nil_report"].vocabulary(day)
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = words["sheet"]
    for key, value in (
        ("period", period), ("dataset", contract.title), ("statement", "本期没有线索，无核查结果可报"),
        ("reporter", hub.policy.visiting.contacts[0].name),
    ):  # fmt: skip
        sheet.append((words[key], value))
    provision = next(p for a in hub.policy.agreements.values() if (p := a.provision(contract.id)))
    return f"{provision.words[0]}{words['sheet']}_{period.replace('-', '')}.xlsx", book


def truth(file: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of one type in ``truth.jsonl``."""
    return list(_lines(file, kind))


def _lines(file: Path, kind: str) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from (line for text in lines if (line := json.loads(text))["type"] == kind)
