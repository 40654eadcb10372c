"""The embedded environment: Postgres, a mail server that keeps every mail, and Airflow, on loopback only.

``python -m demo.services up|down|status --home build/demo`` is the door for people,
`demo.services.switchboard` the door for programs. Start the modules here with ``python -m`` only: run as a
script, this folder would lead the import path and ``airflow.py`` would hide Apache Airflow.
"""
