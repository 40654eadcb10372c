"""The parties' side: agencies that seal their extracts, towns that fill in their workbooks and send them back."""

from __future__ import annotations

import io
import json
import mailbox
import smtplib
from collections.abc import Callable, Mapping
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
from bidui.sealing import authority, machine, workbook
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

    # -- the exchange folder

    def hand_in(
        self, file: Path, party: str, dataset: str, period: str, now: datetime, *, kind: str = "full", copy: int = 0
    ) -> bytes:
        """Seal an extract as its agreement asks and drop it into the exchange folder, whole or not at all."""
        provision = self.hub.policy.agreements[party].provision(f"{party}.{dataset}")
        assert provision is not None
        data = file.read_bytes()
        if "machine" in provision.sealing:
            sealed = self._machine(data, party, f"{party}.{dataset}", period, kind, now)
            name = f"{file.stem}.sealed"
        else:
            sealed = workbook.seal(data, password(self.hub, party, None, period))
            name = file.name
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
        agreement, contact = self._town(region)
        word = password(self.hub, agreement, region, period)
        for mail in reversed(self.received(contact.email)):
            for part in mail.iter_attachments():
                name = part.get_filename() or ""
                if name.endswith(".xlsx") and "入户核查表" in name:
                    data = workbook.open_(part.get_content(), [word])
                    return name, openpyxl.load_workbook(io.BytesIO(data))
        return None

    def send_back(self, region: str, period: str, name: str, book: openpyxl.Workbook) -> None:
        """Mail a filled workbook, or a nil report, to the hub, sealed with the town's password."""
        agreement, contact = self._town(region)
        plain = io.BytesIO()
        book.save(plain)
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = contact.email, self.hub.policy.profile.desk.email, f"反馈 {period}"
        mail["Message-ID"] = f"<{period}.{region}.{len(plain.getvalue())}@{contact.email.partition('@')[2]}>"
        mail.set_content("见附件。")
        sealed = workbook.seal(plain.getvalue(), password(self.hub, agreement, region, period))
        mail.add_attachment(sealed, maintype=EXCEL[0], subtype=EXCEL[1], filename=name)
        with smtplib.SMTP(LOOPBACK, self.office.ports.mail, timeout=30) as server:
            server.send_message(mail)

    def _town(self, region: str) -> tuple[str, Any]:
        for agreement in self.hub.policy.agreements.values():
            for contact in agreement.contacts:
                if contact.region == region:
                    return agreement.party, contact
        raise LookupError(region)


Answer = Callable[[str], Mapping[str, Any] | None]


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

    ``skip``: that many rows at the end stay blank; ``spoil``: a locked cell of the first row is changed, as a slip of
    the hand.
    """
    sheet = book.worksheets[0]
    header = next(row for row in sheet.iter_rows(max_row=12) if any(cell.value == "线索号" for cell in row))
    places = {str(cell.value): cell.column for cell in header if cell.value}
    rows = [
        r
        for r in range(header[0].row + 1, sheet.max_row + 1)
        if sheet.cell(r, places["户编号"]).value and sheet.cell(r, places["线索号"]).value
    ]
    labels = {
        name: hub.policy.codes[name].vocabulary(day) for name in ("visit_outcome", "refusal_reason", "visit_manner")
    }
    for row in rows[: len(rows) - skip]:
        found = answers[str(sheet.cell(row, places["户编号"]).value)]
        sheet.cell(row, places["核查结论"], labels["visit_outcome"][found["outcome"]])
        if found["refusal_reason"]:
            sheet.cell(row, places["不纳入原因"], labels["refusal_reason"][found["refusal_reason"]])
        sheet.cell(row, places["核查方式"], labels["visit_manner"][found["manner"]])
        sheet.cell(row, places["核查日期"], found["visited_on"])
        sheet.cell(row, places["核查人"], found["visitor"])
        sheet.cell(row, places["情况说明"], found["remark"])
    if spoil:
        sheet.cell(rows[0], places["家庭人口"], 99)
    return len(rows) - skip


def nil_report(period: str, title: str) -> openpyxl.Workbook:
    """A nil report (零报告)."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "零报告"
    for row in (
        ("期别", period),
        ("数据集", title),
        ("说明", "本期本镇没有线索，无核查结果可报"),
        ("报告人", "镇防返贫专干"),
    ):
        sheet.append(row)
    return book


def truth(file: Path, kind: str) -> list[dict[str, Any]]:
    """The lines of one type in ``truth.jsonl``."""
    with file.open(encoding="utf-8") as lines:
        return [line for text in lines if (line := json.loads(text))["type"] == kind]
