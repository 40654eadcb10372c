"""A real SMTP server on loopback that keeps every mail and relays none.

Each mail goes into the Maildir ``<folder>/<recipient address>/`` of every recipient of its envelope, so one
that the sender hid (Bcc) gets it too. ``Return-Path`` and ``Delivered-To`` are added in front, the rest stays
as sent. A Maildir is written by rename: a reader never sees half a mail, and nothing is lost by a restart.

Run: ``python -m demo.services.mail --port 18025 --folder build/demo/post [--domain example.cn ...]``
"""

from __future__ import annotations

import argparse
import mailbox
import re
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.services.process import LOOPBACK

SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest mail taken (workbooks travel as base64)."""

ADDRESS = re.compile(r"[a-z0-9][a-z0-9._+=-]{0,63}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
"""Addresses that may name a folder: no separators, no leading dot."""


class Sink:
    """The handler: says which recipients it takes and delivers into their Maildirs."""

    def __init__(self, folder: Path, domains: Sequence[str] = ()) -> None:
        """``domains``: the only ones to take mail for; none means all."""
        self.folder = folder
        self.domains = frozenset(domain.lower() for domain in domains)

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        wanted = address.lower()
        if not ADDRESS.fullmatch(wanted):
            return "553 5.1.3 address form not supported here"
        if self.domains and wanted.rpartition("@")[2] not in self.domains:
            return "550 5.1.2 no such domain here"
        if wanted not in envelope.rcpt_tos:
            envelope.rcpt_tos.append(wanted)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Deliver to every recipient, then answer 250; a failure is 451, and the sender tries again."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            for recipient in envelope.rcpt_tos:
                head = f"Return-Path: <{envelope.mail_from}>\r\nDelivered-To: {recipient}\r\n"
                mailbox.Maildir(self.folder / recipient, create=True).add(head.encode() + content)
        except OSError:
            return "451 4.3.0 could not be stored, try again"
        return "250 OK kept"


class MailServer(Controller):
    """The sink behind a listener on loopback, in a thread of its own: ``start()`` and ``stop()``."""

    def __init__(self, port: int, folder: Path, domains: Sequence[str] = (), host: str = LOOPBACK) -> None:
        """Prepare; nothing listens before ``start()``."""
        folder.mkdir(parents=True, exist_ok=True)
        handler = Sink(folder, domains)
        super().__init__(handler, hostname=host, port=port, data_size_limit=SIZE_LIMIT, server_hostname="localhost")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="SMTP server on loopback that keeps every mail")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on; within a container its own network")
    parser.add_argument("--domain", action="append", default=[], help="take mail for this domain only (repeatable)")
    options = parser.parse_args(arguments)
    server = MailServer(options.port, options.folder, options.domain, options.host)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
