"""``python -m bidui`` at an office, as somebody types it there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bidui.cli import app
from bidui.orchestration import clock
from bidui.pipeline.office import Office

Command = Callable[..., Result]


def typed_at(office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Types commands at that office, on a clock that stands."""
    clock.put(office.home / clock.FILE, now.astimezone(office.zone))
    for name, value in {
        "BIDUI_HOME": str(office.home), "BIDUI_INCLUDE": str(office.include), "BIDUI_PROFILE": office.profile,
        "BIDUI_DB": office.database_address, "BIDUI_SMTP": office.mail_server, clock.SIMULATED: "1",
        "COLUMNS": "1000",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, list(words))
