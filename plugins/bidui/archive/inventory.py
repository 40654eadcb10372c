"""What a database holds, so exactly that two can be compared: rows and digest of each table, and all that is around.

A table's digest is the sum of its rows' hashes: independent of their order, blind to nothing, and computed by the
server in one pass without sorting. What is around (definitions, sequences, owners, grants, roles) is one line of text
each; the lines about roles and the database are the statements that make them again.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text

_OWN = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"

_DIGEST = """
    SELECT count(*), concat(coalesce(sum(('x' || substr(h, 1, 15))::bit(60)::bigint), 0), '-',
                            coalesce(sum(('x' || substr(h, 16, 15))::bit(60)::bigint), 0), '-',
                            coalesce(sum(('x' || substr(h, 31, 15))::bit(60)::bigint), 0))
    FROM (SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS h FROM {} t) hashed
"""
_TABLES = f"""
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND {_OWN}
"""
_ROLES = """
    WITH RECURSIVE named AS (
        SELECT DISTINCT d.refobjid AS oid FROM pg_shdepend d
        JOIN pg_database b ON b.datname = current_database()
        WHERE d.refclassid = 'pg_authid'::regclass
          AND (d.dbid = b.oid OR (d.classid = 'pg_database'::regclass AND d.objid = b.oid))
        UNION SELECT m.roleid FROM pg_auth_members m JOIN named ON named.oid = m.member
    ), ours AS (SELECT r.* FROM pg_roles r JOIN named USING (oid) WHERE r.rolname NOT LIKE 'pg\\_%')
"""
"""Every role that owns something in this database or was granted something, and the roles that it is a member of."""

_FACTS: Mapping[str, str] = {
    "roles": f"""{_ROLES} SELECT concat_ws(' ', format('CREATE ROLE %I', rolname),
            CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
            CASE WHEN rolinherit THEN 'INHERIT' ELSE 'NOINHERIT' END,
            CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
            CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
            CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, format('CONNECTION LIMIT %s', rolconnlimit),
            'VALID UNTIL ' || quote_literal(rolvaliduntil)) FROM ours""",
    "memberships": f"""{_ROLES} SELECT format('GRANT %I TO %I WITH ADMIN %s, INHERIT %s, SET %s',
            g.rolname, ours.rolname, m.admin_option::text, m.inherit_option::text, m.set_option::text)
        FROM pg_auth_members m JOIN ours ON ours.oid = m.member JOIN pg_roles g ON g.oid = m.roleid""",
    "database": """SELECT concat_ws(' ',
            format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
                datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype),
            CASE datlocprovider WHEN 'b' THEN format('LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', datlocale)
                WHEN 'i' THEN format('LOCALE_PROVIDER icu ICU_LOCALE %L', datlocale)
                ELSE 'LOCALE_PROVIDER libc' END)
        FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())""",
    "database_rights": """
        SELECT format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, datname,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a
        WHERE datname = current_database()""",
    "settings": f"""{_ROLES} SELECT format('ALTER %s SET %I TO %s',
            CASE WHEN setrole = 0 THEN format('DATABASE %I', current_database())
                WHEN setdatabase = 0 THEN format('ROLE %I', ours.rolname)
                ELSE format('ROLE %I IN DATABASE %I', ours.rolname, current_database()) END,
            split_part(entry, '=', 1),
            CASE WHEN split_part(entry, '=', 1) = 'search_path' THEN substr(entry, strpos(entry, '=') + 1)
                ELSE quote_literal(substr(entry, strpos(entry, '=') + 1)) END)
        FROM pg_db_role_setting s LEFT JOIN pg_database b ON b.oid = s.setdatabase
        LEFT JOIN ours ON ours.oid = s.setrole, unnest(s.setconfig) entry
        WHERE (s.setdatabase = 0 OR b.datname = current_database())
          AND (s.setrole = 0 OR ours.oid IS NOT NULL) AND NOT (s.setdatabase = 0 AND s.setrole = 0)""",
    "schemas": f"""SELECT format('%I owned by %I', n.nspname, pg_get_userbyid(n.nspowner))
        FROM pg_namespace n WHERE {_OWN}""",
    "relations": f"""SELECT format('%s %s owned by %I%s', c.relkind, c.oid::regclass, pg_get_userbyid(c.relowner),
            CASE WHEN c.relrowsecurity THEN ', row security' ELSE '' END)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN} AND c.relkind NOT IN ('t', 'c')""",
    "columns": f"""SELECT format('%s.%I %s%s%s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ' default ' || pg_get_expr(d.adbin, d.adrelid))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "constraints": f"""SELECT format('%s %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_OWN}""",
    "indexes": f"""SELECT pg_get_indexdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_OWN} AND c.relkind = 'i'""",
    "views": f"""SELECT format('%s %s', c.oid::regclass,
            encode(sha256(convert_to(pg_get_viewdef(c.oid), 'UTF8')), 'hex'))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN} AND c.relkind IN ('v', 'm')""",
    "sequences": """SELECT format('%I.%I at %s by %s', schemaname, sequencename, last_value, increment_by)
        FROM pg_sequences""",
    "routines": f"""SELECT format('%s %s', p.oid::regprocedure,
            encode(sha256(convert_to(pg_get_functiondef(p.oid), 'UTF8')), 'hex'))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN} AND p.prokind <> 'a'""",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "policies": """SELECT format('%I.%I %I %s %s %s %s %s', schemaname, tablename, policyname, permissive, roles, cmd,
            qual, with_check) FROM pg_policies""",
    "extensions": "SELECT format('%I %s', extname, extversion) FROM pg_extension",
    "grants": f"""SELECT format('%s on %s to %s%s', a.privilege_type, o.name,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END,
            CASE WHEN a.is_grantable THEN ', grantable' ELSE '' END)
        FROM (
            SELECT format('schema %I', n.nspname) AS name, coalesce(nspacl, acldefault('n', nspowner)) AS acl
            FROM pg_namespace n WHERE {_OWN}
            UNION ALL SELECT c.oid::regclass::text,
                coalesce(relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", relowner))
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            UNION ALL SELECT format('%s.%I', c.oid::regclass, t.attname), t.attacl
            FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {_OWN} AND t.attacl IS NOT NULL
            UNION ALL SELECT format('routine %s', p.oid::regprocedure), coalesce(proacl, acldefault('f', proowner))
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN}
        ) o, aclexplode(o.acl) a""",
}

_SERVER = ("roles", "memberships", "database", "database_rights", "settings")
"""Facts that are not in the database's dump but in the roles file: each line is a statement."""

# The same text for the same value and the same name on every server.
_PLAIN = (
    "timezone = 'UTC'", "datestyle = 'ISO, YMD'", "intervalstyle = 'postgres'", "extra_float_digits = 1",
    "bytea_output = 'hex'", "search_path = ''",
)  # fmt: skip


class Table(BaseModel):
    """Number and digest of a table's rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    digest: str


class Inventory(BaseModel):
    """What a database held at one moment: names, numbers and digests, no value of any row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[str, Table]
    facts: dict[str, list[str]]
    roles: list[str]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    def statements(self) -> list[str]:
        """What has to be run on an empty server before the dump is restored, one statement a line."""
        return [line for name in _SERVER for line in self.facts[name]]


def server(connection: Connection) -> tuple[str, int]:
    """The server's own identifier, and its major version."""
    asked = (
        "SELECT system_identifier::text, current_setting('server_version_num')::int / 10000 FROM pg_control_system()"
    )
    identifier, major = connection.execute(text(asked)).one()
    return identifier, major


def take(connection: Connection) -> Inventory:
    """The inventory of the connection's database, in its transaction."""
    for setting in _PLAIN:
        connection.execute(text(f"SET LOCAL {setting}"))
    return Inventory(
        tables={name: _table(connection, name) for name in _lines(connection, _TABLES)},
        facts={name: _lines(connection, query) for name, query in _FACTS.items()},
        roles=_lines(connection, f"{_ROLES} SELECT rolname FROM ours"),
    )


def differences(source: Inventory, copy: Inventory) -> list[str]:
    """What a copy has otherwise than its source, one line each; empty when they are equal."""
    found = [
        f"{name}：{_said(source.tables.get(name))} → {_said(copy.tables.get(name))}"
        for name in sorted(source.tables.keys() | copy.tables.keys())
        if source.tables.get(name) != copy.tables.get(name)
    ]
    for name in _FACTS:
        before, after = set(source.facts.get(name, ())), set(copy.facts[name])
        found += [f"{name}：缺 {line}" for line in sorted(before - after)]
        found += [f"{name}：多 {line}" for line in sorted(after - before)]
    return found


def _table(connection: Connection, name: str) -> Table:
    """``name`` is quoted by the server."""
    rows, digest = connection.execute(text(_DIGEST.format(name))).one()
    return Table(rows=rows, digest=digest)


def _lines(connection: Connection, query: str) -> list[str]:
    return sorted(connection.execute(text(query)).scalars().all())


def _said(table: Table | None) -> str:
    return "无" if table is None else f"{table.rows} 行 {table.digest[:8]}"
