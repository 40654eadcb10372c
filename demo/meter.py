"""What the demo costs: wall and processor seconds by phase, and processor seconds by program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.office import Office
from demo.services import switchboard


class Meter:
    """Counts from its making on."""

    def __init__(self, place: Office) -> None:
        self._place, self._begun = place, time.monotonic()
        self._phases: dict[str, dict[str, float]] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What happens in the block is a phase of the demo."""
        wall, cpu = time.monotonic(), self._spent()
        yield
        self._phases[name] = {"墙钟秒": round(time.monotonic() - wall, 1), "CPU 秒": round(self._spent() - cpu, 1)}

    def told(self) -> dict[str, Any]:
        """The figures for ``summary.json``."""
        parts = {name: round(seconds, 1) for name, seconds in switchboard.cpu_seconds(self._place).items()}
        return {
            "墙钟秒": round(time.monotonic() - self._begun), "CPU 秒": round(sum(parts.values())),
            "CPU 秒（分程序）": parts, "分阶段": self._phases,
        }  # fmt: skip

    def _spent(self) -> float:
        return sum(switchboard.cpu_seconds(self._place).values())
