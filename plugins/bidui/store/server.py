"""A whole Postgres server as its superuser: where a snapshot is restored. The hub itself never works like this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import extensions, sql
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine

from bidui.store.database import client_environment, values_withheld

MAINTENANCE = "postgres"
"""The database that every server has."""


class Server:
    """One server; ``address`` is ``host:port``. The password appears in no text that is made of it."""

    def __init__(self, address: str, password: str, user: str = "postgres") -> None:
        host, _, port = address.partition(":")
        self.address = address
        self._url = URL.create("postgresql+psycopg2", user, password, host, int(port or 5432))

    @contextmanager
    def begin(self, database: str = MAINTENANCE) -> Iterator[Connection]:
        """A transaction in ``database``; errors carry no value."""
        with values_withheld(), self._engine(database).begin() as connection:
            yield connection

    def run(self, *statements: str | sql.Composable, together: bool = False) -> None:
        """Statements about the server's roles and databases: each for itself, or all ``together`` or none."""
        engine = self._engine(MAINTENANCE)
        if not together:
            engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        with values_withheld(), engine.begin() as connection:
            for statement in statements:
                if isinstance(statement, sql.Composable):
                    statement = statement.as_string(connection.connection.dbapi_connection)
                connection.exec_driver_sql(statement.replace("%", "%%"))  # the driver would read them as parameters

    def set_password(self, role: str, password: str) -> None:
        """Give a role its password, which is hashed here, so that no log of the server can hold it."""
        with self.begin() as connection:
            raw = connection.connection.dbapi_connection
            hashed = extensions.encrypt_password(password, role, scope=raw, algorithm="scram-sha-256")
        self.run(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed)))

    def client_environment(self, database: str) -> dict[str, str]:
        """What ``pg_restore`` needs to connect; never say it."""
        return client_environment(self._url.set(database=database))

    def _engine(self, database: str) -> Engine:
        return create_engine(
            self._url.set(database=database), hide_parameters=True, poolclass=NullPool,
            connect_args={
                "options": "-c jit=off -c timezone=UTC", "application_name": "bidui restore", "connect_timeout": 10,
            },
        )  # fmt: skip
