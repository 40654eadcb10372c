"""A small hub for proofs: four towns, three households, one month of files that make each rule speak once or twice."""

from __future__ import annotations

import csv
import hashlib
import io
import smtplib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cached_property
from typing import Any

import openpyxl

from bidui.domain.id_number import check_character
from bidui.orchestration import clock
from bidui.pipeline import approve, conclude, deliver
from bidui.pipeline.receive import Received
from bidui.pipeline.send import send
from bidui.pipeline.unseal import password
from bidui.policy.agreement import Contact
from bidui.sealing import workbook
from demo.parties import fill_in
from demo.services.process import LOOPBACK
from tests.e2e.county import TOWNS, County

PERIOD = "2026-11"
ARRIVED, CLOSED = "2026-11-26T09:00:00+08:00", "2026-12-01T09:00:00+08:00"
Table = list[list[Any]]


def person(serial: int, birth: str = "19700203") -> str:
    """A number of the fictional county, with its check character."""
    first = f"990821{birth}{serial:03d}"
    return first + check_character(first)


MOTHER, FATHER, WIDOW, SON, GRANDFATHER, GRANDMOTHER = (person(n) for n in range(1, 7))
ILL, DISABLED, AIDED = "99001000001", "99001000002", "99001000003"
"""Households: high costs and nobody's insurance; a new certificate; a list that still names a dead man."""
TITLES = [["云溪县2026年11月数据"], ["数据截止日：2026-11-25"]]
REGISTER: Table = [
    ["乡", "村", "户编号", "姓名", "证件号码", "与户主关系", "劳动技能", "是否享受低保", "户主姓名", "户类型"],
    ["{0}", "{0村}", ILL, "赵甲", MOTHER, "户主", "", "否", "赵甲", "脱贫户"],
    ["{0}", "{0村}", ILL, "赵乙", FATHER, "配偶", "", "否", "赵甲", "脱贫户"],
    ["{1}", "{1村}", DISABLED, "钱丙", WIDOW, "户主", "", "否", "钱丙", "脱贫户"],
    ["{1}", "{1村}", DISABLED, "钱丁", SON, "之子", "", "否", "钱丙", "脱贫户"],
    ["{2}", "{2村}", AIDED, "孙戊", GRANDFATHER, "户主", "", "是", "孙戊", "脱贫户"],
    ["{2}", "{2村}", AIDED, "孙己", GRANDMOTHER, "配偶", "", "是", "孙戊", "脱贫户"],
]
ROSTER: Table = [
    ["姓名", "证件号码", "险种", "参保状态", "停保原因", "停保日期", "参保年度"],
    *([name, number, "城乡居民基本医疗保险", "正常参保", "", "", "2026"]
      for name, number in (("赵甲", MOTHER), ("钱丙", WIDOW), ("钱丁", SON), ("孙己", GRANDMOTHER))),
    ["孙戊", GRANDFATHER, "城乡居民基本医疗保险", "终止参保", "死亡", "2026-09-01", "2026"],
]  # fmt: skip
EXPENSE: Table = [
    ["姓名", "证件号码", "结算单号", "就诊类型", "结算日期", "总费用", "个人自付"],
    ["赵甲", MOTHER, "S1", "住院", "2026-11-03", 15000, 15000],
]
CERTIFICATE: Table = [
    ["姓名", "残疾人证号", "残疾类别", "残疾等级", "证件状态", "发证日期"],
    ["钱丙", f"{WIDOW}12", "视力", "二级", "有效", "2026-11-05"],
]
BENEFIT: Table = [
    ["低保证号", "救助类型", "保障人口", "月保障金额", "起保日期", "姓名1", "证件号码1", "与户主关系1", "姓名2",
     "证件号码2", "与户主关系2"],
    ["D1", "全额", 2, 600, "2025-03-01", "孙戊", GRANDFATHER, "户主", "孙己", GRANDMOTHER, "配偶"],
]  # fmt: skip
WHOLE = {
    "hub.alleviated_person": REGISTER, "insurance_med.enrolment_roster": ROSTER, "insurance_med.high_selfpay": EXPENSE,
    "disabled.certificate": CERTIFICATE,
}  # fmt: skip
PARTS = "civil.dibao"


@dataclass
class Hub:
    """A county, and what its people can see: what becomes of a file, mails, sheets."""

    county: County

    # -- what comes in

    def at(self, moment: str) -> datetime:
        """Set the clock."""
        now = datetime.fromisoformat(moment)
        clock.put(self.county.hub.home / clock.FILE, now)
        return now

    def file(self, dataset: str, table: Table | None = None, *, form: str = "") -> Received:
        """A party hands in one dataset; ``form``: the ending of a file that is dropped as it is, unsealed."""
        party, _, name = dataset.partition(".")
        layout = self.contract_layout(dataset)
        ending = form or (".csv" if layout else ".xlsx")
        path = self.county.synth / f"{name}_{PERIOD.replace('-', '')}{ending}"
        path.write_bytes(self.written(table or WHOLE[dataset], layout))
        if form:
            self.county.parties.drop(path.read_bytes(), party, name, path.name)
        else:
            self.county.parties.hand_in(path, party, name, PERIOD, self.county.room.now)
        (received,) = self.county.room.take_in()
        return received

    def contract_layout(self, dataset: str) -> str | None:
        """Encoding of a text file; None for a workbook. A dataset without a contract is sent as a workbook."""
        contract = self.county.hub.policy.contracts.get(dataset)
        return contract.layout.encoding if contract else None

    def written(self, table: Table, encoding: str | None = None) -> bytes:
        """A table as a file, with the places named."""
        rows = [[self.places.get(str(cell), cell) for cell in row] for row in table]
        if encoding:
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            return text.getvalue().encode(encoding)
        return sheet([*TITLES, *rows])

    @cached_property
    def places(self) -> dict[str, str]:
        """Mark in a table → name: the town of that ordinal, its first village."""
        known = {}
        for at, code in enumerate(TOWNS):
            known[f"{{{at}}}"] = next(r.name for r in self.county.hub.policy.regions if r.code == code)
            known[f"{{{at}村}}"] = next(r.name for r in self.county.hub.policy.regions if r.parent == code)
        return known

    def mailed(self, town: str, name: str, data: bytes, *, sender: str = "") -> list[Received]:
        """A town's contact (or somebody else) mails a sealed workbook to the hub; what was taken of it."""
        contact = next(c for c in self.contacts if c.region == town)
        sealed = workbook.seal(data, password(self.county.hub, "town", town, PERIOD))
        return self.posted(sender or contact.email, name, sealed)

    def posted(self, sender: str, name: str, sealed: bytes) -> list[Received]:
        """Somebody mails a file to the hub; what was taken of it."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, self.county.hub.policy.profile.desk.email, "报送"
        mail["Message-ID"] = f"<{hashlib.sha256(sealed).hexdigest()[:16]}@{sender.partition('@')[2]}>"
        mail.set_content("见附件。")
        mail.add_attachment(sealed, "application", "octet-stream", filename=name)
        with smtplib.SMTP(LOOPBACK, self.county.office.ports.mail, timeout=30) as server:
            server.send_message(mail)
        return self.county.room.take_in()

    @property
    def contacts(self) -> list[Contact]:
        """Everybody on record, in force or not."""
        return [contact for made in self.county.hub.policy.agreements.values() for contact in made.contacts]

    def nil(self, town: str) -> list[Received]:
        """A town reports nil on its visits."""
        said = {"期别": PERIOD, "数据集": "入户核查结果", "说明": "本期没有线索", "报告人": "镇防返贫专干"}
        book = openpyxl.Workbook()
        book.worksheets[0].title = "零报告"
        for word, value in said.items():
            book.worksheets[0].append([word, value])
        return self.mailed(town, "入户核查表零报告_202611.xlsx", saved(book))

    def answered(self, at: int) -> None:
        """The town of that ordinal sends its sheet back: no household was taken in, and why."""
        sent = self.county.parties.workbook_of(TOWNS[at], PERIOD)
        assert sent is not None
        name, book = sent
        answer = {
            "outcome": "not_taken_in", "refusal_reason": "expense_settled", "manner": "door", "visitor": "张三",
            "visited_on": self.county.room.now.date(), "remark": "费用已报销",
        }  # fmt: skip
        fill_in(self.county.hub, book, {ILL: answer}, self.county.room.now.date())
        self.mailed(TOWNS[at], name, saved(book))

    def month(self) -> None:
        """Every file of the month comes in."""
        for dataset in WHOLE:
            self.file(dataset)
        for at, town in enumerate(TOWNS):
            self.mailed(town, f"农村低保_{PERIOD.replace('-', '')}.xlsx", sheet([*TITLES, *self.aided(at)]))

    def aided(self, at: int) -> Table:
        """The households with aid in the town of that ordinal; but for one, no register knows them."""
        stranger = [f"D{at + 5}", "全额", 1, 300, "2025-03-01", f"李{'甲乙丙丁'[at]}", person(at + 20), "户主"]
        return BENEFIT if at == 2 else [BENEFIT[0], stranger]

    def another_certificate(self) -> list[Any]:
        """A row for a certificate that was issued since: of somebody who has no lead yet."""
        return ["孙己", f"{GRANDMOTHER}12", "视力", "二级", "有效", "2026-11-20"]

    # -- what is made of it

    def close(self, period: str = PERIOD) -> conclude.Concluded:
        """The month is compared."""
        return conclude.close(self.county.hub, period, self.county.room.now)

    def deliver(self, recipe: str, moment: Any = "close", period: str = PERIOD) -> None:
        """What a moment calls for, of one recipe only, is prepared and leaves as far as its approvals let it."""
        for errand in deliver.errands(self.county.hub, moment, period, self.county.room.now):
            if errand.recipe == recipe:
                deliver.run(self.county.hub, errand, self.county.room.now)

    def approved(self) -> None:
        """Whoever must approves, one after another, what waits; it leaves."""
        hub, now = self.county.hub, self.county.room.now
        while waiting := approve.waiting(hub):
            delivery, _, _, role = waiting[0]
            approve.approve(hub, delivery, hub.policy.profile.approvers[role][0], now, "approved")
            send(hub, delivery, now)

    # -- what people see

    def mails(self, contact: str, about: str = "") -> list[EmailMessage]:
        """The hub's mails to a contact whose subject has a word in it."""
        address = next(c.email for c in self.contacts if c.id == contact)
        return [m for m in self.county.mails(address) if about in str(m["Subject"])]

    def letter(self, contact: str, about: str) -> str:
        """The text of the newest such mail; empty when there is none."""
        mails = self.mails(contact, about)
        return str(mails[-1].get_body(("plain",)).get_content()) if mails else ""  # type: ignore[union-attr]

    def documents(self, mail: EmailMessage) -> list[str]:
        """Names of the documents that came with a mail."""
        return [name for part in mail.iter_attachments() if (name := str(part.get_filename())).endswith(".docx")]

    def attached(self, contact: str, about: str) -> bytes:
        """The workbook of the newest such mail, as it left; empty without one."""
        found = [
            part.get_content() for mail in self.mails(contact, about) for part in mail.iter_attachments()
            if str(part.get_filename()).endswith(".xlsx")
        ]  # fmt: skip
        return found[-1] if found else b""

    def book(self, contact: str, about: str, party: str, town: str | None = None) -> openpyxl.Workbook | None:
        """That workbook, opened with the password that was told; None without one."""
        sealed = self.attached(contact, about)
        told = password(self.county.hub, party, town, PERIOD)
        return openpyxl.load_workbook(io.BytesIO(workbook.open_(sealed, [told]))) if sealed else None

    def visits(self, at: int) -> openpyxl.Workbook | None:
        """The sheet of households to visit that the town of that ordinal was sent."""
        return self.book(f"town-{TOWNS[at][-3:]}", "核查任务", "town", TOWNS[at])


def rows(book: openpyxl.Workbook | None) -> list[str]:
    """Each row of a workbook's sheets as one text, its cells apart by bars; none without a workbook."""
    return ["|".join("" if c.value is None else str(c.value) for c in row) for s in book or [] for row in s.iter_rows()]


def line(book: openpyxl.Workbook | None, *words: str) -> str:
    """The first row of a workbook in which all the words stand; empty when there is none."""
    return next((row for row in rows(book) if all(word in row for word in words)), "")


def sheet(table: Table) -> bytes:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in table:
        book.worksheets[0].append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """A workbook's bytes."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
