"""Postgres servers of tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.services.postgres import Postgres


@contextmanager
def server(folder: Path, shared_buffers: str) -> Iterator[Postgres]:
    """A running server of its own on a free port, in haste: what it has written need not outlive a power cut."""
    running = Postgres(folder, settings={"shared_buffers": shared_buffers, "fsync": "off"})
    running.start()
    yield running
    running.destroy()
