"""What Airflow learns of bidui: registration only. Every Airflow program loads this: keep it cheap."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from bidui.orchestration.timetables import DailyTick, MonthlyWindow


class BiduiPlugin(AirflowPlugin):
    """Timetables that DAG files may use."""

    name = "bidui"
    timetables = [MonthlyWindow, DailyTick]  # noqa: RUF012 - the shape that Airflow asks for
