"""The only importer of Airflow: timetables, waits, tasks; their work stands in ``bidui.pipeline``."""
