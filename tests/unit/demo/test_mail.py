"""The mail sink: every mail is kept for every recipient, nothing else is taken."""

import mailbox
import smtplib
import subprocess
import sys
from email.message import EmailMessage

import psutil
import pytest

from demo.services.mail import MailServer
from demo.services.process import answers, free_port


@pytest.fixture
def sink(tmp_path):
    """Start sinks over one folder; all are stopped after the test."""
    running = []

    def start(*domains):
        server = MailServer(free_port(), tmp_path, domains)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        if not server.loop.is_closed():
            server.stop()


def mail(to, subject="十月名单", attachment=b""):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "med@agency.example", to, subject
    message.set_content("见附件。")
    if attachment:
        message.add_attachment(attachment, "application", "octet-stream", filename="名单_2026-10.xlsx")
    return message


def send(server, message, **envelope):
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        return client.send_message(message, **envelope)


def kept(folder, address):
    return list(mailbox.Maildir(folder / address, create=False))


def test_a_mail_arrives_as_it_was_sent(sink, tmp_path):
    send(sink(), mail("hub@county.example", attachment=b"\x00\r\n\xff" * 50_000))
    (message,) = kept(tmp_path, "hub@county.example")
    assert message["Return-Path"] == "<med@agency.example>"
    assert message["Delivered-To"] == "hub@county.example"
    part = [p for p in message.walk() if p.get_content_disposition() == "attachment"][0]
    assert part.get_payload(decode=True) == b"\x00\r\n\xff" * 50_000


def test_every_recipient_of_the_envelope_gets_it_once(sink, tmp_path):
    hidden = ["Town.Hall@county.example", "town.hall@county.example", "copy@county.example"]
    send(sink(), mail("hub@county.example"), to_addrs=["hub@county.example", *hidden])
    counts = {folder.name: len(kept(tmp_path, folder.name)) for folder in tmp_path.iterdir()}
    assert counts == {"hub@county.example": 1, "town.hall@county.example": 1, "copy@county.example": 1}


def test_mails_survive_a_restart(sink, tmp_path):
    first = sink()
    send(first, mail("hub@county.example", "一"))
    first.stop()
    send(sink(), mail("hub@county.example", "二"))
    assert len(kept(tmp_path, "hub@county.example")) == 2


@pytest.mark.parametrize("address", ["../../etc@county.example", ".hidden@county.example", "a/b@county.example"])
def test_an_address_that_cannot_name_a_folder_is_refused(sink, tmp_path, address):
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink(), mail("hub@county.example"), to_addrs=[address])
    assert list(tmp_path.iterdir()) == []


def test_other_domains_are_refused_only_if_told_so(sink, tmp_path):
    send(sink(), mail("x@elsewhere.example"))
    strict = sink("county.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(strict, mail("y@elsewhere.example"))
    send(strict, mail("hub@county.example"))
    assert {folder.name for folder in tmp_path.iterdir()} == {"x@elsewhere.example", "hub@county.example"}


def test_as_a_process_it_listens_on_loopback_only_and_ends_on_request(tmp_path, repository):
    port = free_port()
    command = [sys.executable, "-m", "demo.services.mail", "--port", str(port), "--folder", str(tmp_path)]
    with subprocess.Popen(command, cwd=repository) as process:
        while process.poll() is None and not answers(port):
            pass
        found = {c.laddr.ip for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == "LISTEN"}
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert found == {"127.0.0.1"}
