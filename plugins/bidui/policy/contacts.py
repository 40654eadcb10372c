"""Designated contacts (专责业务人员) of one hub: ``include/contacts/<profile>.csv``, one line for each while in office.

What a party and a hub exchange is one text for all hubs (``agreements/<party>.yaml``); who does it differs by hub. The
columns are those in which lists of contacts come in and go out (ZM-09).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date
from itertools import count
from pathlib import Path

from bidui.policy.agreement import Contact
from bidui.policy.codes import day, lines, place
from bidui.policy.source import Fault, PolicyError

_COLUMNS = {
    "party", "id", "name", "post", "leader", "office", "email", "phone", "remark", "region", "valid_from", "valid_to",
}  # fmt: skip
_ADDRESS = re.compile(r"(?=[!-~]+$)[^@,;<>]+@[\w-]+(\.[\w-]+)+", re.ASCII)
_REQUIRED = ("party", "id", "name", "email")


def file_of(hub: str) -> str:
    """The hub's file, relative to ``include``."""
    return f"contacts/{hub}.csv"


def is_address(text: str) -> bool:
    """Whether a contact may have this as its mail address."""
    return bool(_ADDRESS.fullmatch(text))


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
        if row["email"] and not is_address(row["email"]):
            faults.append(Fault(place(path), line, "email is no mail address; write it in half-width characters"))
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


def amended(include: Path, hub: str, changes: Iterable[tuple[str, Contact]]) -> str:
    """The hub's file with these contacts of these parties as they are stated; one without an id is added below.

    Every line stays, and whatever it says besides.
    """
    with (include / file_of(hub)).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or ()), list(reader)
    of_id = {row["id"]: row for row in rows}
    for party, contact in changes:
        known, stated = contact.id, contact.model_dump(exclude={"id", "region"})
        if known in of_id:  # its line says since when; a successor's contact may have acted for another party before
            del stated["valid_from"]
        else:
            known = known or next(new for n in count(1) if (new := f"{party}-{n}") not in of_id)
            of_id[known] = {"party": party, "id": known, "region": contact.region or ""}
            rows.append(of_id[known])
        of_id[known] |= {name: "" if value is None else str(value) for name, value in stated.items()}
    written = io.StringIO()
    made = csv.DictWriter(written, names, lineterminator="\n")
    made.writeheader()
    made.writerows(rows)
    return written.getvalue()
