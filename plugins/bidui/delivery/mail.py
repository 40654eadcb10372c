"""Mails: composed so that nothing slips into a header, sent so that the outcome is one of three words.

Same input, same bytes. A subject or the name of an attachment is seen by every relay on the way: what looks
like an ID number or a telephone number there is refused.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Literal

from bidui.delivery.document import to_html, to_text

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SENDER = re.compile(r"(?P<name>[^<>\"@,;:\\]*?)\s*<(?P<address>[^<>\s]+)>")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_OWN_HEADER = re.compile(r"X-[A-Za-z0-9-]+")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_PERSONAL = (
    re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?!\d)"),
    re.compile(r"(?<!\d)\d{15}(?!\d)"),
    re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"),
    re.compile(r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)"),
)
_ACCEPTED = range(200, 300)
_TEMPORARY = range(400, 500)


class MailError(ValueError):
    """A mail that may not be composed; ``code`` says why, without the text that was wrong."""

    def __init__(self, code: str) -> None:
        """``code``: line_break, address, message_id, header, mime, date or personal."""
        super().__init__(f"mail refused: {code}")
        self.code = code


@dataclass(frozen=True)
class Attachment:
    """One file that goes with a mail."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class SendOutcome:
    """What became of a mail: the class of the answer and its code, never its words.

    ``temporary``: try again with the same Message-ID; ``permanent``: a person must look. ``code`` is ``None``
    when no server answered.
    """

    status: Literal["accepted", "temporary", "permanent"]
    code: int | None = None


def compose(
    *,
    message_id: str,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    markdown: str,
    attachments: Sequence[Attachment] = (),
    date: datetime,
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    """A mail with a plain and an HTML body from ``markdown``.

    ``sender`` is an address or ``name <address>``; ``message_id`` stands in angle brackets; ``headers`` are
    ``X-…`` only. Raises MailError for what could break a header and for what looks personal in the open.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = _checked(_MESSAGE_ID, message_id, "message_id")
    if date.tzinfo is None:
        raise MailError("date")
    message["Date"] = date
    message["From"] = _sender(sender)
    message["To"] = ", ".join(_checked(_ADDRESS, recipient, "address") for recipient in recipients)
    if not recipients:
        raise MailError("address")
    message["Subject"] = _open_text(subject)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in sorted((headers or {}).items()):
        message[_checked(_OWN_HEADER, name, "header")] = _open_text(value)
    message.set_content(to_text(markdown), cte="base64")
    message.add_alternative(to_html(markdown), subtype="html", cte="base64")
    for attachment in attachments:
        maintype, subtype = _checked(_MIME, attachment.mime, "mime").split("/")
        message.add_attachment(
            attachment.data, maintype=maintype, subtype=subtype, filename=_open_text(attachment.name)
        )
    _fix_boundaries(message, message_id)
    return message


def send(message: EmailMessage, host: str, port: int, *, timeout: float) -> SendOutcome:
    """Hand the mail to a server: to all its recipients or to none.

    After ``temporary`` the server may yet have taken it (the line broke before the answer): the next try
    carries the same Message-ID, so that the receiver sees one mail.
    """
    try:
        server = smtplib.SMTP(host, port, timeout=timeout)
    except smtplib.SMTPResponseException as refusal:
        return _outcome(refusal.smtp_code)
    except (OSError, smtplib.SMTPException):
        return SendOutcome("temporary")
    try:
        return _transact(server, message)
    except smtplib.SMTPResponseException as refusal:
        return _outcome(refusal.smtp_code)
    except (OSError, smtplib.SMTPException):
        return SendOutcome("temporary")
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def looks_personal(text: str) -> bool:
    """Whether ``text`` holds what looks like an ID or telephone number, in full-width digits too."""
    plain = unicodedata.normalize("NFKC", text)
    return any(form.search(plain) for form in _PERSONAL)


def _transact(server: smtplib.SMTP, message: EmailMessage) -> SendOutcome:
    server.ehlo_or_helo_if_needed()
    code, _ = server.mail(message["From"].addresses[0].addr_spec)
    for recipient in message["To"].addresses:
        if code in _ACCEPTED:
            code, _ = server.rcpt(recipient.addr_spec)
    if code not in _ACCEPTED:
        return _outcome(code)
    code, _ = server.data(message.as_bytes())
    return _outcome(code)


def _outcome(code: int) -> SendOutcome:
    if code in _ACCEPTED:
        return SendOutcome("accepted", code)
    if code in _TEMPORARY or code < 0:
        return SendOutcome("temporary", code if code > 0 else None)
    return SendOutcome("permanent", code)


def _checked(form: re.Pattern[str], text: str, code: str) -> str:
    if not form.fullmatch(text):
        raise MailError(code)
    return text


def _sender(text: str) -> str:
    named = _SENDER.fullmatch(text)
    address = _checked(_ADDRESS, named["address"] if named else text, "address")
    return f'"{_one_line(named["name"])}" <{address}>' if named and named["name"] else address


def _one_line(text: str) -> str:
    if any(not c.isprintable() for c in text):
        raise MailError("line_break")
    return text


def _open_text(text: str) -> str:
    """A text that travels in the open: one line, nothing personal."""
    if looks_personal(_one_line(text)):
        raise MailError("personal")
    return text


def _fix_boundaries(message: EmailMessage, seed: str) -> None:
    """Boundaries from the Message-ID instead of chance, so that a mail rebuilds equal."""
    multiparts = (part for part in message.walk() if part.is_multipart())
    for position, part in enumerate(multiparts):
        part.set_boundary(f"=_{sha256(f'{seed}/{position}'.encode()).hexdigest()[:32]}")
