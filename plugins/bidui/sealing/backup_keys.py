"""The keys that snapshots are sealed to: the hub's own, and an escrow key whose secret half is kept elsewhere.

Either opens a whole snapshot by itself. Of the escrow key only the public half stays in the hub's folder.
"""

from __future__ import annotations

from pathlib import Path

from bidui.sealing import age, durable
from bidui.sealing.errors import SealCode, SealError

IDENTITY, RECIPIENT, ESCROW = "backup.identity", "backup.recipient", "escrow.recipient"


def create(folder: Path) -> None:
    """Make the hub's backup key, unless there is one."""
    if not (folder / RECIPIENT).exists():
        identity, recipient = age.generate()
        durable.write(folder / IDENTITY, identity.encode() + b"\n")
        durable.write(folder / RECIPIENT, recipient.encode() + b"\n")


def create_escrow(folder: Path, target: Path) -> str:
    """Make the escrow key: its secret half is written to ``target`` for the operator to take away; returns the public.

    Raises:
        SealError: keys_exist (``target`` is there already, or an escrow key is on record).
        OSError: ``target`` cannot be written.
    """
    if target.exists() or (folder / ESCROW).exists():
        raise SealError(SealCode.KEYS_EXIST)
    identity, recipient = age.generate()
    durable.write(target, f"# public key: {recipient}\n{identity}\n".encode())
    durable.write(folder / ESCROW, recipient.encode() + b"\n")
    return recipient


def recipients(folder: Path) -> list[str]:
    """The public halves that are there: two on a hub that is set up."""
    paths = (folder / RECIPIENT, folder / ESCROW)
    return [path.read_text(encoding="ascii").strip() for path in paths if path.exists()]
