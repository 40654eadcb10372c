"""What is to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Line(NamedTuple):
    """One thing to be found. ``occurrence`` and ``household`` are filled for signals."""

    kind: str
    subject_type: str
    subject: str
    field: str
    systems: tuple[str, ...]
    occurrence: str = ""
    household: str = ""
    discriminator: str = ""


@dataclass(frozen=True)
class Lead:
    """A household with a signal that no earlier lead held; ``signals`` are the new ones."""

    household: str
    signals: tuple[Line, ...]
