"""The only importer of Airflow: timetables, waits, tasks. What they do stands in ``bidui.pipeline`` and works without it."""
