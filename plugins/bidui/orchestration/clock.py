"""The one clock (design, decision 13): nothing else in bidui reads time.

A use case is told its ``as_of``. A run takes it from its conf, else from this clock when its first task runs; later
tasks get it from that task, so that a cleared task keeps it. Under the simulated clock (``BIDUI_SIMULATED=1``, the demo
and the tests) the time is what ``$BIDUI_HOME/clock.json`` says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

SIMULATED = "BIDUI_SIMULATED"
FILE = "clock.json"


class ClockError(RuntimeError):
    """The clock file states no time."""


def simulated() -> bool:
    """Whether this hub lives under the simulated clock."""
    return os.environ.get(SIMULATED) == "1"


def file() -> Path:
    """The clock file of this hub."""
    return Path(os.environ["BIDUI_HOME"]) / FILE


def now() -> datetime:
    """The hub's time, with its offset; ClockError when the clock file cannot be read."""
    return read(file()) if simulated() else datetime.now(UTC)


def read(path: Path) -> datetime:
    """The time that a clock file states; ClockError when it states none."""
    try:
        told = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["now"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClockError(f"the clock file cannot be read ({type(error).__name__})") from None
    if told.tzinfo is None:
        raise ClockError("the clock file states no offset")
    return told


def put(path: Path, moment: datetime) -> None:
    """Set a simulated clock; readers see the old or the new time, never half of it."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"now": moment.isoformat()}), encoding="utf-8")
    new.replace(path)


def as_of(conf: Mapping[str, str] | None) -> datetime:
    """The time as of which a run works: what its conf says, else now."""
    told = (conf or {}).get("as_of")
    return datetime.fromisoformat(told) if told else now()
