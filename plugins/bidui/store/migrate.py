"""Bringing the fixed schema up or down, and comparing it with the declared tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bidui.store.tables import metadata

OWN_SCHEMAS = ("core", "identity", "out")
"""The schemas that Alembic owns; ``data`` belongs to ``policy apply`` (design, decision 2)."""


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Alembic's filter: our own schemas only, and not its own version table."""
    if kind == "schema":
        return name in OWN_SCHEMAS
    return not (kind == "table" and name == "alembic_version")


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate up to ``revision``, then grant the roles their rights."""
    for schema in (*OWN_SCHEMAS, "data"):
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str = "base") -> None:
    """Migrate down to ``revision``."""
    command.downgrade(_config(connection), revision)


def differences(connection: Connection) -> list[Any]:
    """What the database has otherwise than the declared tables; empty when they agree."""
    context = MigrationContext.configure(
        connection,
        opts={"include_schemas": True, "include_name": include_name, "version_table_schema": OWN_SCHEMAS[0]},
    )
    return list(compare_metadata(context, metadata))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
