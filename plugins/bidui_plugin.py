"""What Airflow learns of bidui: registration only. Every Airflow program loads this: keep it cheap."""

from __future__ import annotations

import sys
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from bidui.orchestration import preload
from bidui.orchestration.timetables import DailyTick, MonthlyWindow


class BiduiPlugin(AirflowPlugin):
    """Timetables that DAG files may use; what tasks need, in the program that they are forked from."""

    name = "bidui"
    timetables = [MonthlyWindow, DailyTick]  # noqa: RUF012 - the shape that Airflow asks for

    @classmethod
    def on_load(cls, *_arguments: Any, **_named: Any) -> None:
        """Called once in every Airflow program."""
        if preload.is_for(sys.argv):
            preload.preload()
