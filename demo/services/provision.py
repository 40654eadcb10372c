"""Databases and roles on a new server: ``python -m demo.services.provision``.

Reads ``BIDUI_DB`` (host:port/database) and the passwords in ``$BIDUI_HOME/secrets``: ``db_superuser``, ``db_airflow``
and one ``db_<role>`` for each role of the product. Harmless to repeat.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql
from sqlalchemy import create_engine

from bidui.store.database import Role
from bidui.store.roles import provision

SUPERUSER = "postgres"
AIRFLOW = "airflow"
"""Name of Airflow's own role and database."""


def provision_server(address: str, secrets: Path) -> None:
    """Make the hub's database and Airflow's, each for its owner only, with their roles."""
    server, _, database = address.partition("/")
    host, _, port = server.partition(":")

    def secret(name: str) -> str:
        return (secrets / name).read_text(encoding="utf-8").strip()

    def connect(name: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=host, port=port, dbname=name, user=SUPERUSER, password=secret("db_superuser"))

    with closing(connect("postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            _role(cursor, AIRFLOW, secret("db_airflow"))
            _database(cursor, AIRFLOW, AIRFLOW)
            _database(cursor, database, SUPERUSER)
    engine = create_engine("postgresql+psycopg2://", creator=lambda: connect(database))
    with engine.begin() as admin:
        provision(admin, database, {role: secret(f"db_{role}") for role in Role})
    engine.dispose()


def _role(cursor: psycopg2.extensions.cursor, name: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
    cursor.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(name), sql.Literal(password)))


def _database(cursor: psycopg2.extensions.cursor, name: str, owner: str) -> None:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    if not cursor.rowcount:
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


if __name__ == "__main__":
    provision_server(os.environ["BIDUI_DB"], Path(os.environ["BIDUI_HOME"], "secrets"))
