"""Mails as the receiver reads them, and a real server's answers."""

from __future__ import annotations

import email
import socket
from datetime import datetime
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from bidui.delivery.mail import Attachment, MailError, SendOutcome, compose, looks_personal, send

NAME = "2026年10月东关镇入户核查表（XS-202610-101）.xlsx"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def settings(made_at) -> dict:
    return {
        "message_id": "<d1.r1@hub.example>",
        "sender": "云溪县农业农村局 <hub@hub.example>",
        "recipients": ["town@town.example"],
        "subject": "2026年10月防返贫监测线索核查任务（东关镇）",
        "markdown": "# 通知\n\n请**按期**反馈。",
        "attachments": [Attachment(NAME, XLSX, b"PK\x03\x04")],
        "date": made_at,
        "headers": {"X-Delivery": "XS-202610-101"},
    }


def test_the_receiver_reads_what_was_meant(settings):
    read = email.message_from_bytes(compose(**settings).as_bytes(), policy=default)
    assert read["Subject"] == settings["subject"]
    assert read["From"].addresses[0].display_name == "云溪县农业农村局"
    assert read["From"].addresses[0].addr_spec == "hub@hub.example"
    assert read["To"] == "town@town.example"
    assert read["Message-ID"] == "<d1.r1@hub.example>"
    assert read["Date"].datetime == settings["date"]
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Delivery"] == "XS-202610-101"
    assert read.get_body(("plain",)).get_content().splitlines() == ["通知", "====", "", "请按期反馈。"]
    assert "<strong>按期</strong>" in read.get_body(("html",)).get_content()
    attachment = next(read.iter_attachments())
    assert (attachment.get_filename(), attachment.get_content_type()) == (NAME, XLSX)
    assert attachment.get_payload(decode=True) == b"PK\x03\x04"


def test_it_travels_as_plain_ascii_and_rebuilds_equal(settings):
    data = compose(**settings).as_bytes()
    assert data.isascii()
    assert b"filename*0*=utf-8''2026%E5%B9%B4" in data or b"filename*=utf-8''2026%E5%B9%B4" in data
    assert data == compose(**settings).as_bytes()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": "甲\r\nBcc: a@b.example"}, "line_break"),
        ({"subject": "甲\nBcc: a@b.example"}, "line_break"),
        ({"subject": "甲\u2028Bcc: a@b.example"}, "line_break"),
        ({"subject": "甲\x00"}, "line_break"),
        ({"sender": "甲\nBcc: c <a@b.example>"}, "address"),
        ({"sender": "a@b.example\nBcc: c@d.example"}, "address"),
        ({"recipients": ["a@b.example\r\nBcc: c@d.example"]}, "address"),
        ({"recipients": ["a@b.example, c@d.example"]}, "address"),
        ({"recipients": []}, "address"),
        ({"message_id": "<a@b>\r\nX: y"}, "message_id"),
        ({"message_id": "a@b"}, "message_id"),
        ({"headers": {"X-A": "1\r\nBcc: a@b.example"}}, "line_break"),
        ({"headers": {"X-A\r\nBcc": "a@b.example"}}, "header"),
        ({"headers": {"Bcc": "a@b.example"}}, "header"),
        ({"attachments": [Attachment("甲\r\nX: y.xlsx", XLSX, b"")]}, "line_break"),
        ({"attachments": [Attachment("甲.xlsx", "text/plain\r\nX: y", b"")]}, "mime"),
        ({"date": datetime.fromisoformat("2026-10-31")}, "date"),
    ],
)
def test_nothing_can_be_slipped_into_a_header(settings, change, code):
    with pytest.raises(MailError) as caught:
        compose(**{**settings, **change})
    assert caught.value.code == code
    assert "b.example" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "99082119900101451X", "甲99082119900101451x的材料", "990821 19900101 4512", "990821900101451",
        "13800001234", "138-0000-1234", "+86 13800001234", "1380000１２３４", "0990-1234567",
        "９９０８２１１９９００１０１４５１Ｘ",
    ],
)  # fmt: skip
def test_what_looks_personal_does_not_travel_in_the_open(settings, text):
    assert looks_personal(text)
    with pytest.raises(MailError, match="personal"):
        compose(**{**settings, "subject": f"关于{text}"})
    with pytest.raises(MailError, match="personal"):
        compose(**{**settings, "attachments": [Attachment(f"{text}.xlsx", XLSX, b"")]})


@pytest.mark.parametrize(
    "text",
    [
        "XS-202610-101",
        "2026-10-25",
        "990821101",
        "99000000001",
        "990821101003",
        "12317",
        "第20261025号 9f86d081",
    ],
)
def test_numbers_of_deliveries_regions_and_households_may_travel(text):
    assert not looks_personal(text)


class Desk:
    """A mail server that answers as told."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.to_recipient = self.to_data = "250 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - the library's name
        if address.startswith("gone"):
            return "550 no such mailbox 13800001234"
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.to_data.startswith("250"):
            self.taken.append(envelope.content)
        return self.to_data


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def post(desk, settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(desk, hostname="127.0.0.1", port=port)
    controller.start()

    def posted(**changes) -> SendOutcome:
        return send(compose(**{**settings, **changes}), "127.0.0.1", port, timeout=5)

    yield posted
    controller.stop()


def test_an_accepted_mail_arrives_whole(post, desk, settings):
    assert post() == SendOutcome("accepted", 250)
    assert desk.taken == [compose(**settings).as_bytes()]


@pytest.mark.parametrize("stage", ["to_recipient", "to_data"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 try later", SendOutcome("temporary", 451)),
        ("421 closing", SendOutcome("temporary", 421)),
        ("452 full", SendOutcome("temporary", 452)),
        ("550 refused", SendOutcome("permanent", 550)),
        ("554 spam", SendOutcome("permanent", 554)),
    ],
)
def test_a_refusal_is_known_by_its_code_alone(post, desk, stage, answer, outcome):
    setattr(desk, stage, answer)
    assert post() == outcome
    assert desk.taken == []


def test_all_receive_it_or_none(post, desk):
    assert post(recipients=["town@town.example", "gone@town.example"]) == SendOutcome("permanent", 550)
    assert desk.taken == []


def test_no_server_is_temporary(settings):
    assert send(compose(**settings), "127.0.0.1", 1, timeout=1) == SendOutcome("temporary", None)
