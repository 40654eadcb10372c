"""The server that a snapshot is restored into: fresh before, and either complete or fresh again afterwards.

Roles made here carry a mark (a comment) until the restore is complete, so that what a killed one left is known as its
own and cleared by the next. What somebody else made is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO

from psycopg2 import sql
from sqlalchemy import text

from bidui.archive import inventory
from bidui.archive.errors import ArchiveCode, ArchiveError
from bidui.archive.inventory import Inventory
from bidui.archive.manifest import Manifest
from bidui.archive.programs import Programs
from bidui.store.database import StoreError
from bidui.store.failpoints import reached
from bidui.store.server import Server

UNFINISHED, DRILL = "bidui: unfinished restore", "bidui: restored by a drill"
"""Marks: what may be cleared by the next restore, and by the next drill."""

_MARKED_ROLES = "SELECT rolname FROM pg_roles r WHERE shobj_description(r.oid, 'pg_authid') = :mark"
_MARKED_DATABASES = f"SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) IN ({_MARKED_ROLES})"
_THERE = text("""
    SELECT datname FROM pg_database WHERE datname = :database
    UNION ALL SELECT rolname FROM pg_roles WHERE rolname = ANY(:roles)
""")


class Target:
    """One server for one snapshot. ``mark``: `UNFINISHED`, or `DRILL` for what may go again at any time."""

    def __init__(self, server: Server, manifest: Manifest, programs: Programs, mark: str) -> None:
        self._server, self._manifest, self._programs, self._mark = server, manifest, programs, mark

    def require_fresh(self) -> None:
        """Clear what an interrupted restore (or an earlier drill) left, then refuse a server that is not empty of us.

        Raises:
            ArchiveError: target_unreachable, target_is_source, target_too_old, target_not_fresh, program_missing,
                program_too_old.
        """
        try:
            with self._server.begin() as connection:
                own, major = inventory.server(connection)
        except StoreError:
            raise ArchiveError(ArchiveCode.TARGET_UNREACHABLE, self._server.address) from None
        if own == self._manifest.server:
            raise ArchiveError(ArchiveCode.TARGET_IS_SOURCE)
        if major < self._manifest.postgres:
            raise ArchiveError(ArchiveCode.TARGET_TOO_OLD, f"{major} < {self._manifest.postgres}")
        self._programs.check(major)
        clear(self._server, self._mark)
        wanted = {"database": self._manifest.database, "roles": self._manifest.inventory.roles}
        with self._server.begin() as connection:
            there = connection.execute(_THERE, wanted).scalars().all()
        if there:
            raise ArchiveError(ArchiveCode.TARGET_NOT_FRESH, *there)

    def restore(self, statements: Sequence[str], archive: BinaryIO) -> None:
        """Roles, database, rows.

        Raises:
            ArchiveError: program_failed, and what reading ``archive`` raises.
        """
        roles = [line for line in statements if line.startswith("CREATE ROLE ")]
        self._server.run(*roles, *self._comments(sql.Literal(self._mark)), together=True)
        reached("restore.roles")
        self._server.run(*(line for line in statements if line not in roles))
        reached("restore.database")
        self._programs.restore(self._server.client_environment(self._manifest.database), archive)
        with self._server.begin(self._manifest.database) as connection:
            connection.execute(text("ANALYZE"))

    def inventory(self) -> Inventory:
        """What the restored database holds."""
        with self._server.begin(self._manifest.database) as connection:
            return inventory.take(connection)

    def referred(self, query: str) -> set[str]:
        """One column of the restored database."""
        with self._server.begin(self._manifest.database) as connection:
            return set(connection.execute(text(query)).scalars())

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Give the roles their passwords."""
        for role, password in passwords.items():
            self._server.set_password(role, password)

    def finish(self) -> None:
        """Take the marks away: what is there is for good."""
        self._server.run(*self._comments(sql.SQL("NULL")), together=True)

    def _comments(self, comment: sql.Composable) -> list[sql.Composable]:
        statement = sql.SQL("COMMENT ON ROLE {} IS {}")
        return [statement.format(sql.Identifier(role), comment) for role in self._manifest.inventory.roles]


def clear(server: Server, mark: str) -> None:
    """Drop the database and the roles that bear a restore's ``mark``; nothing else."""
    with server.begin() as connection:
        roles = connection.execute(text(_MARKED_ROLES), {"mark": mark}).scalars().all()
        databases = connection.execute(text(_MARKED_DATABASES), {"mark": mark}).scalars().all()
    server.run(
        *(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)) for name in databases),
        *(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)) for name in roles),
    )
