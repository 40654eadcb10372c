"""The roads on which files come in: the exchange folder and the hub's mailbox.

A file is taken only when it is whole, and removed from its road only when somebody has taken charge of its arrival;
until then every look finds it again, under the same mark.
"""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

from bidui.pipeline.arrive import Origin, dataset_by_folder, provision_by_name
from bidui.pipeline.office import Office
from bidui.policy.agreement import Agreement

UNFINISHED = (".", "~$")
"""Beginnings of names that programs give to files that they are still writing."""
_UNFINISHED_ENDINGS = (".part", ".filepart", ".tmp", ".crdownload")
UNKNOWN = "unknown"
"""Dataset of a file whose name says nothing."""


@dataclass(frozen=True, repr=False)
class Found:
    """A file on a road. Its repr shows neither name nor content."""

    name: str
    origin: Origin
    dataset: str
    data: bytes

    def __repr__(self) -> str:
        return f"Found(channel={self.origin.channel}, party={self.origin.party}, bytes={len(self.data)})"


@dataclass(frozen=True)
class Batch:
    """Files that leave their road together: one file of the folder, or all attachments of one mail."""

    files: tuple[Found, ...]
    stranger: bool
    """A mail from an address that is nobody's on record: it is set aside, and nothing of it comes in."""
    place: Path | str

    def __repr__(self) -> str:
        return f"Batch(files={len(self.files)}, stranger={self.stranger})"


def folder(office: Office, seen: dict[Path, tuple[int, int]], as_of: datetime) -> Iterator[Batch]:
    """Whole files in ``inbox/<party>/<dataset>/``: those that no longer change; ``seen`` is kept between looks."""
    for path in sorted((office.home / "inbox").glob("*/*/*")):
        if not path.is_file() or path.name.startswith(UNFINISHED) or path.name.endswith(_UNFINISHED_ENDINGS):
            continue
        state = path.stat()
        if seen.get(path) != (state.st_size, state.st_mtime_ns):
            seen[path] = (state.st_size, state.st_mtime_ns)
            continue
        party, folder_of = office.policy.party_on(path.parts[-3], office.today(as_of)), path.parts[-2]
        agreement = office.policy.agreements.get(party)
        dataset = dataset_by_folder(agreement, folder_of) if agreement else None
        contact = _of_folder(agreement, office.today(as_of)) if agreement else None
        origin = Origin("folder", f"{party}/{folder_of}/{path.name}@{state.st_mtime_ns}", party, contact)
        found = Found(path.name, origin, dataset or f"{party}.{folder_of}", path.read_bytes())
        yield Batch((found,), stranger=False, place=path)


def _of_folder(agreement: Agreement, day: date) -> str | None:
    """Who is taken to send by the party's folder: the first contact in force, or else the last on record."""
    acting = agreement.contacts_for(None, day) or tuple(c for c in agreement.contacts if c.region is None)[-1:]
    return acting[0].id if acting else None


def mails(office: Office, as_of: datetime) -> Iterator[Batch]:
    """Mails in the hub's own mailbox, with the attachments that are somebody's on record.

    Who has left is on record, too: what he sends is refused, and those are told who act for the party now.
    """
    box = _box(office)
    for key in sorted(box.keys(), key=_delivered):
        message = _parsed(box.get_bytes(key))
        address = parseaddr(str(message["From"] or ""))[1]
        known = office.policy.contact_of_sender(address, office.today(as_of))
        if known is None:
            yield Batch((), stranger=True, place=key)
            continue
        agreement, contact = known
        files = []
        for at, part in enumerate(message.iter_attachments()):
            name = part.get_filename() or ""
            provision = provision_by_name(agreement, name)
            origin = Origin("mail", f"{message['Message-ID'] or key}#{at}", agreement.party, contact.id)
            content = part.get_content()
            data = content if isinstance(content, bytes) else str(content).encode()
            files.append(Found(name, origin, provision.dataset if provision else UNKNOWN, data))
        yield Batch(tuple(files), stranger=False, place=key)


def take_away(office: Office, batch: Batch) -> None:
    """Remove what has been taken charge of from its road; mails are kept, a stranger's in a folder of its own."""
    if isinstance(batch.place, Path):
        batch.place.unlink(missing_ok=True)
        return
    box = _box(office)
    kept = mailbox.Maildir(office.home / "post" / (".strangers" if batch.stranger else ".taken"))
    kept.add(box.get_bytes(batch.place))
    box.discard(batch.place)


def _box(office: Office) -> mailbox.Maildir:
    return mailbox.Maildir(office.home / "post" / office.policy.profile.desk.email)


def _delivered(key: str) -> list[int]:
    """Order of delivery: a Maildir name begins with seconds, microseconds, process and count, none of them padded."""
    return [int(number) for number in re.findall(r"\d+", key)]


def _parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message
