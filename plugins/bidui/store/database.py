"""Connections to Postgres, one engine per role, and errors that carry no value.

Postgres puts row values into error details (COPY context, constraint details) and SQLAlchemy puts parameters into its
messages. Nothing of that may reach a log, so every driver error leaves here as a StoreError with the SQLSTATE and the
names of the objects concerned only (design, decision 4).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError


class Role(StrEnum):
    """The four database roles; parties have no login."""

    OWNER = "owner"
    INTAKE = "intake"
    COMPARE = "compare"
    DELIVER = "deliver"

    @property
    def login(self) -> str:
        """The role's name in Postgres."""
        return f"bidui_{self.value}"


_NO_CONNECTION = "08000"
"""SQLSTATE of a connection that was never made, or lost: no server has said anything about it."""
_SHUT_DOWN = {"57P01", "57P02", "57P03"}
"""SQLSTATEs of a server that goes down or is not up yet."""


class StoreError(RuntimeError):
    """The database refused. ``sqlstate`` and object names only: never a value, a parameter or a row."""

    def __init__(self, sqlstate: str, what: str) -> None:
        super().__init__(f"database error {sqlstate} ({what})")
        self.sqlstate = sqlstate

    @property
    def is_connection(self) -> bool:
        """Whether nobody answered, or a connection was lost: nothing is wrong with what was asked."""
        return self.sqlstate.startswith("08") or self.sqlstate in _SHUT_DOWN


class Database:
    """One Postgres database. ``address`` is ``host:port/name``; passwords are files ``db_<role>`` in ``secrets``."""

    def __init__(self, address: str, secrets: Path) -> None:
        server, _, name = address.partition("/")
        host, _, port = server.partition(":")
        self._url = URL.create("postgresql+psycopg2", host=host, port=int(port or 5432), database=name)
        self._secrets = secrets
        self._engines: dict[Role, Engine] = {}

    def _engine(self, role: Role) -> Engine:
        if role not in self._engines:
            self._engines[role] = self._connected_as(role)
        return self._engines[role]

    def _connected_as(self, role: Role) -> Engine:
        return create_engine(
            self._url_of(role), hide_parameters=True, pool_size=2, pool_pre_ping=True,
            connect_args={
                "options": "-c jit=off -c timezone=UTC -c lock_timeout=120s",
                "application_name": f"bidui {role} {os.getpid()}",
            },
        )  # fmt: skip

    def _url_of(self, role: Role) -> URL:
        password = (self._secrets / f"db_{role}").read_text().strip()
        return self._url.set(username=role.login, password=password)

    @contextmanager
    def begin(self, role: Role) -> Iterator[Connection]:
        """A transaction as ``role``: committed at the end of the block, rolled back by any exception."""
        with values_withheld(), self._engine(role).begin() as connection:
            yield connection

    def client_environment(self, role: Role) -> dict[str, str]:
        """What Postgres' own programs need to connect as ``role``, the password included: never say it."""
        return client_environment(self._url_of(role))

    def close(self) -> None:
        """Give back every idle connection; the next transaction opens new ones."""
        for engine in self._engines.values():
            engine.dispose()


def client_environment(url: URL) -> dict[str, str]:
    """An address as the variables of libpq."""
    known = {
        "PGHOST": url.host, "PGPORT": str(url.port), "PGDATABASE": url.database, "PGUSER": url.username,
        "PGPASSWORD": str(url.password), "PGCONNECT_TIMEOUT": "10",
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}


@contextmanager
def values_withheld() -> Iterator[None]:
    """Every error of the driver leaves this block as a StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _without_values(error) from None


def _without_values(error: SQLAlchemyError) -> StoreError:
    origin = getattr(error, "orig", None)
    diagnosis = getattr(origin, "diag", None)
    names = [getattr(diagnosis, part, None) for part in ("schema_name", "table_name", "column_name", "constraint_name")]
    known = [name for name in names if name] or [type(origin or error).__name__]
    # The primary message of these classes names objects, never values (syntax errors, rights, missing objects).
    unsaid = _NO_CONNECTION if isinstance(error, OperationalError) else "?????"
    sqlstate = getattr(origin, "pgcode", None) or unsaid
    if sqlstate[:2] in {"42", "28", "3D", "08"} and diagnosis is not None and diagnosis.message_primary:
        known.append(diagnosis.message_primary)
    return StoreError(sqlstate, ", ".join(known))
