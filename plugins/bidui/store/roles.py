"""The four database roles by GRANT (design, decision 4). Nobody but the owner may change or delete a row."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg2 import sql
from sqlalchemy import Connection, text

from bidui.store.database import Role

_READ_ALL = (Role.INTAKE, Role.COMPARE, Role.DELIVER)

_INSERTS: Mapping[Role, tuple[str, ...]] = {
    Role.INTAKE: (
        "core.certificate", "core.package", "core.arrival", "core.intake", "core.submission", "core.row_issue",
        "core.case_event", "identity.person", "identity.term", "identity.household", "identity.sighting",
        "identity.unsettled_row", "identity.candidate", "identity.file_name", "identity.link_event",
    ),
    Role.COMPARE: (
        "core.run", "core.run_input", "core.closing", "core.closing_run", "core.finding", "core.finding_seen",
        "core.signal", "core.signal_seen", "core.unknown", "core.lead", "core.lead_signal", "core.case",
        "core.case_due", "core.case_event",
    ),
    Role.DELIVER: (
        "out.delivery", "out.delivery_row", "out.document", "out.approval", "out.message", "out.sending",
        "out.withheld", "core.need", "core.need_answer", "core.case_event",
    ),
}  # fmt: skip

# What identity publishes to the role that compares: tokens and reasons, no text.
_PUBLISHED = ("identity.person_link", "identity.name_variant", "identity.candidate")


def provision(admin: Connection, database: str, passwords: Mapping[Role, str]) -> None:
    """Create the roles (once) and hand the empty database to the owner. Needs a superuser's connection."""
    cursor = admin.connection.cursor()
    for role, password in passwords.items():
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role.login,))
        verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role.login), sql.Literal(password))
        )
    for statement in (
        "ALTER DATABASE {db} OWNER TO {owner}",
        "REVOKE ALL ON DATABASE {db} FROM PUBLIC",
        "GRANT CONNECT, TEMP ON DATABASE {db} TO {all}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ):
        cursor.execute(sql.SQL(statement).format(
            db=sql.Identifier(database), owner=sql.Identifier(Role.OWNER.login),
            all=sql.SQL(", ").join(sql.Identifier(role.login) for role in Role),
        ))  # fmt: skip
    cursor.close()


def grant(connection: Connection) -> None:
    """Give the roles their rights on all that exists now; repeatable. Run as the owner."""
    readers = ", ".join(role.login for role in _READ_ALL)
    statements = [
        f"GRANT USAGE ON SCHEMA core, data, identity, out TO {readers}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA core, data, out TO {readers}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA identity TO {Role.INTAKE.login}, {Role.DELIVER.login}",
        f"GRANT SELECT ON {', '.join(_PUBLISHED)} TO {Role.COMPARE.login}",
        # MAINTAIN lets intake refresh the planner's statistics of what it has just loaded.
        f"GRANT INSERT, MAINTAIN ON ALL TABLES IN SCHEMA data TO {Role.INTAKE.login}",
        "GRANT MAINTAIN ON identity.person, identity.term, identity.household, identity.sighting"
        f" TO {Role.INTAKE.login}",
        *(f"GRANT INSERT ON {', '.join(tables)} TO {role.login}" for role, tables in _INSERTS.items()),
    ]
    for statement in statements:
        connection.execute(text(statement))
