"""Named places where a test may kill the process, to prove that a crash there loses and doubles nothing."""

from __future__ import annotations

import os
import signal

VARIABLE = "BIDUI_KILL_AT"


def reached(place: str) -> None:
    """Kill this very process, as a power cut would, if the environment names ``place``."""
    if os.environ.get(VARIABLE) == place:
        os.kill(os.getpid(), signal.SIGKILL)
