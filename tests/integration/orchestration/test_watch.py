"""One look of the watcher at a real exchange folder and mailbox: what is taken, what is left, what is set aside."""

from __future__ import annotations

import mailbox
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import text

from bidui.orchestration import clock
from bidui.orchestration.watch import look
from bidui.pipeline.arrive import Arrival
from bidui.pipeline.office import Office
from bidui.store.database import Role

ROSTER = ("insurance_med", "enrolment_roster")
NOW = "2026-11-26T10:00:00+08:00"


@dataclass
class Watcher:
    """A watcher that lives until it is `restarted`; who starts runs is written down."""

    office: Office
    started: list[Arrival] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: dict[Path, tuple[int, int]] = field(default_factory=dict)
    is_there: Callable[[], bool] = lambda: True
    """Whether Airflow answers."""

    def look(self) -> int:
        return look(self.office, self.start, self.seen, self.said.append)

    def start(self, arrival: Arrival) -> bool:
        if not self.is_there():
            raise ConnectionError("nobody answers")
        self.started.append(arrival)
        return True

    def restarted(self) -> Watcher:
        return Watcher(self.office)

    # -- the roads

    def folder(self, party: str = ROSTER[0], dataset: str = ROSTER[1]) -> Path:
        folder = self.office.home / "inbox" / party / dataset
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def box(self) -> mailbox.Maildir:
        return mailbox.Maildir(self.office.home / "post" / self.office.policy.profile.desk.email)

    def post(self, sender: str, attachments: Sequence[tuple[str, bytes]], message_id: str = "<a@b.example>") -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "hub@yunxi.example", "十一月"
        mail["Message-ID"] = message_id
        mail.set_content("见附件。")
        for name, data in attachments:
            mail.add_attachment(data, "application", "octet-stream", filename=name)
        self.box.add(mail)

    def arrivals(self) -> list[tuple[str, ...]]:
        with self.office.database.begin(Role.INTAKE) as connection:
            rows = connection.execute(
                text("SELECT party, dataset, period, channel, contact, ordinal FROM core.arrival ORDER BY arrival_id")
            ).all()
        return [tuple(row) for row in rows]


@pytest.fixture
def watcher(office, monkeypatch) -> Watcher:
    monkeypatch.setenv("BIDUI_HOME", str(office.home))
    monkeypatch.setenv(clock.SIMULATED, "1")
    clock.put(office.home / clock.FILE, datetime.fromisoformat(NOW))
    (office.home / "post").mkdir()
    return Watcher(office)


# --- the exchange folder -----------------------------------------------------------------------------------------
def test_a_file_is_taken_once_it_no_longer_grows(watcher):
    file = watcher.folder() / "参保名册_202611.sealed"
    file.write_bytes(b"half")
    assert watcher.look() == 0
    file.write_bytes(b"half and the other half")
    assert watcher.look() == 0
    assert watcher.look() == 1
    (arrival,) = watcher.started
    assert (arrival.party, arrival.dataset, arrival.period) == (
        "insurance_med",
        "insurance_med.enrolment_roster",
        "2026-11",
    )
    assert arrival.new
    assert watcher.office.vault.get(arrival.package_hash) == b"half and the other half"
    assert arrival.run_key == f"2026-11.insurance_med.enrolment_roster.{arrival.package_hash[:8]}"
    assert not file.exists()
    assert watcher.look() == 0


@pytest.mark.parametrize(
    "name", ["~$名册.xlsx", ".名册.xlsx", "名册.xlsx.part", "名册.filepart", "名册.tmp", "名册.crdownload"]
)
def test_what_programs_write_beside_a_file_is_no_file(watcher, name):
    (watcher.folder() / name).write_bytes(b"lock")
    assert [watcher.look() for _ in range(3)] == [0, 0, 0]
    assert (watcher.folder() / name).exists()
    assert watcher.arrivals() == []


def test_a_folder_is_no_file(watcher):
    (watcher.folder() / "2026-11").mkdir()
    (watcher.office.home / "inbox" / "loose.sealed").write_bytes(b"in no party's folder")
    assert [watcher.look(), watcher.look()] == [0, 0]


def test_the_same_file_after_a_restart_is_the_same_arrival(watcher):
    file = watcher.folder() / "参保名册_202611.sealed"
    file.write_bytes(b"whole")
    watcher.is_there = lambda: False
    watcher.look()
    with pytest.raises(ConnectionError):
        watcher.look()
    assert file.exists()
    before = watcher.arrivals()
    again = watcher.restarted()
    assert [again.look(), again.look()] == [0, 1]
    (arrival,) = again.started
    assert not arrival.new
    assert watcher.arrivals() == before
    assert len(before) == 1
    assert not file.exists()


def test_the_same_bytes_handed_in_again_are_another_arrival_of_one_package(watcher):
    for name in ("参保名册_202611.sealed", "再次_202611.sealed"):
        (watcher.folder() / name).write_bytes(b"whole")
        watcher.look()
        watcher.look()
    first, second = watcher.started
    assert first.package_hash == second.package_hash
    assert (first.ordinal, second.ordinal) == (1, 2)
    assert second.run_key == f"{first.run_key}.2"


def test_a_file_of_nobody_s_is_registered_without_a_contact(watcher):
    (watcher.folder("nobody", "knows") / "x_202611.csv").write_bytes(b"a,b\r\n")
    watcher.look()
    watcher.look()
    assert watcher.arrivals() == [("nobody", "nobody.knows", "2026-11", "folder", None, 1)]


def test_a_name_without_a_month_means_the_open_window(watcher):
    (watcher.folder() / "名册.sealed").write_bytes(b"x")
    watcher.look()
    watcher.look()
    clock.put(watcher.office.home / clock.FILE, datetime.fromisoformat("2026-12-24T10:00:00+08:00"))
    (watcher.folder() / "名册二.sealed").write_bytes(b"y")
    watcher.look()
    watcher.look()
    assert [a.period for a in watcher.started] == ["2026-11", "2026-11"]


# --- the mailbox -------------------------------------------------------------------------------------------------
def test_a_mail_with_two_attachments_is_two_arrivals(watcher):
    files = [("入户核查表_202610.xlsx", b"one"), ("入户核查表_202611.xlsx", b"two")]
    watcher.post("镇干部 <Town101@Xiang.example>", files)
    assert watcher.look() == 2
    assert sorted((a.dataset, a.period) for a in watcher.started) == [
        ("town.verification", "2026-10"), ("town.verification", "2026-11"),
    ]  # fmt: skip
    assert {row[4] for row in watcher.arrivals()} == {"town-101"}
    assert len(watcher.box) == 0
    assert watcher.look() == 0


def test_a_mail_is_taken_whole_or_not_at_all(watcher):
    watcher.post("town101@xiang.example", [("入户核查表_202610.xlsx", b"one"), ("入户核查表_202611.xlsx", b"two")])
    answers = iter([True, False])
    watcher.is_there = lambda: next(answers)
    with pytest.raises(ConnectionError):
        watcher.look()
    assert len(watcher.box) == 1
    again = watcher.restarted()
    assert again.look() == 2
    assert [a.new for a in again.started] == [False, False]
    assert len(watcher.arrivals()) == 2


def test_the_same_mail_delivered_twice_is_one_arrival(watcher):
    for _ in range(2):
        watcher.post("town101@xiang.example", [("入户核查表_202611.xlsx", b"one")])
    assert watcher.look() == 2
    assert [a.new for a in watcher.started] == [True, False]
    assert len({a.arrival_id for a in watcher.started}) == 1


def test_a_stranger_s_mail_is_set_aside_whole(watcher):
    watcher.post("somebody@elsewhere.example", [("入户核查表_202611.xlsx", b"one")])
    assert watcher.look() == 0
    assert watcher.started == []
    assert watcher.arrivals() == []
    assert len(watcher.box) == 0
    aside = mailbox.Maildir(watcher.office.home / "post" / ".strangers")
    assert [message["From"] for message in aside] == ["somebody@elsewhere.example"]
    assert not any("elsewhere" in line for line in watcher.said)


def test_a_mail_without_attachments_leaves_the_box(watcher):
    watcher.post("town101@xiang.example", [])
    assert watcher.look() == 0
    assert len(watcher.box) == 0


def test_what_the_watcher_says_holds_no_name_of_a_file(watcher):
    (watcher.folder() / "张三的名册_202611.sealed").write_bytes(b"x")
    watcher.look()
    watcher.look()
    assert watcher.said
    assert not any("张三" in line for line in watcher.said)


def test_mails_of_one_second_are_taken_in_the_order_of_their_delivery(watcher):
    """As the counts in their names say, not as these sort when they are read as text."""
    for month in ("09", "10", "11"):
        watcher.post("town101@xiang.example", [(f"入户核查表_2026{month}.xlsx", b"x")], f"<{month}@b.example>")
    new = watcher.office.home / "post" / watcher.office.policy.profile.desk.email / "new"
    names = {"09": "1795658400.M7P41Q9.h", "10": "1795658400.M52P41Q10.h", "11": "1795658400.M300P41Q11.h"}
    for month, name in names.items():
        (delivered,) = [path for path in new.iterdir() if f"<{month}@".encode() in path.read_bytes()]
        delivered.rename(new / name)
    watcher.look()
    assert [a.period for a in watcher.started] == ["2026-09", "2026-10", "2026-11"]
