"""Designated contacts (专责业务人员) of one hub: ``include/contacts/<profile>.csv``, one line for each while in office.

What a party and a hub exchange is one text for all hubs (``agreements/<party>.yaml``); who does it differs by hub. The
columns are those in which lists of contacts come in and go out (ZM-09).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bidui.policy.agreement import Contact
from bidui.policy.codes import day, lines, place
from bidui.policy.source import Fault, PolicyError

_COLUMNS = {
    "party", "id", "name", "post", "leader", "office", "email", "phone", "remark", "region", "valid_from", "valid_to",
}  # fmt: skip
_REQUIRED = ("party", "id", "name", "email")


def file_of(hub: str) -> str:
    """The hub's file, relative to ``include``."""
    return f"contacts/{hub}.csv"


def read(include: Path, hub: str) -> dict[str, tuple[Contact, ...]]:
    """Party → its contacts, in order of the file; PolicyError names every line that states none."""
    path, found, faults = include / file_of(hub), dict[str, tuple[Contact, ...]](), []
    known: set[str] = set()
    for line, row in lines(path, _COLUMNS):
        try:
            begun, ended = date.fromisoformat(row["valid_from"]), day(row["valid_to"])
        except ValueError:
            faults.append(Fault(place(path), line, "valid_from and valid_to are days, YYYY-MM-DD"))
            continue
        if missing := [name for name in _REQUIRED if not row[name]]:
            faults.append(Fault(place(path), line, f"required: {', '.join(missing)}"))
        if row["id"] in known:
            faults.append(Fault(place(path), line, f"contact {row['id']} is defined twice"))
        known.add(row["id"])
        contact = Contact(
            id=row["id"], name=row["name"], post=row["post"], leader=row["leader"], office=row["office"],
            email=row["email"], phone=row["phone"], remark=row["remark"], region=row["region"] or None,
            valid_from=begun, valid_to=ended,
        )  # fmt: skip
        found[row["party"]] = (*found.get(row["party"], ()), contact)
    if faults:
        raise PolicyError(faults)
    return found
