"""What was restored from a snapshot is what was there: tables, definitions, roles, memberships and grants."""

from __future__ import annotations

import hashlib
from contextlib import closing

import psycopg2
from psycopg2 import sql

from demo.verify.scene import Check, digest, rows

OWN = "bidui%"
"""Names of the product's own roles; others of the source's cluster, such as Airflow's, are not the snapshot's."""

_DEFINITIONS = """
    SELECT 'column', table_schema || '.' || table_name, column_name, data_type || ' ' || is_nullable
    FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid <> 0 AND connamespace <> 'pg_catalog'::regnamespace
    UNION ALL
    SELECT 'index', schemaname || '.' || tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT 'view', schemaname || '.' || viewname, '', definition
    FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_ROLES = """
    SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
           rolconnlimit, rolvaliduntil, (
               SELECT array_agg(setting ORDER BY setting) FROM pg_db_role_setting, unnest(setconfig) AS setting
               WHERE setrole = r.oid AND setdatabase = 0)
    FROM pg_authid r WHERE rolname LIKE %s
"""
_MEMBERSHIPS = """
    SELECT g.rolname, m.rolname, a.admin_option, a.inherit_option, a.set_option
    FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
    WHERE m.rolname LIKE %s
"""
_GRANTS = """
    WITH granted AS (
        SELECT 'schema' AS what, nspname::text AS name, nspowner AS owner,
               coalesce(nspacl, acldefault('n', nspowner)) AS acl
        FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        UNION ALL
        SELECT 'relation', oid::regclass::text, relowner, coalesce(relacl, acldefault('r', relowner)) FROM pg_class
        WHERE relkind IN ('r', 'v', 'm', 'S', 'p') AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
        UNION ALL
        SELECT 'column', attrelid::regclass::text || '.' || attname, 0, attacl FROM pg_attribute
        WHERE attacl IS NOT NULL AND attrelid >= 16384
        UNION ALL
        SELECT 'function', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
        WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
        UNION ALL
        SELECT 'default', coalesce(defaclnamespace::regnamespace::text, '') || ' ' || defaclobjtype::text, defaclrole,
               defaclacl
        FROM pg_default_acl
        UNION ALL
        SELECT 'database', '', datdba, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
        WHERE datname = current_database()
    )
    SELECT what, name, CASE WHEN owner = 0 THEN '' ELSE owner::regrole::text END,
           CASE WHEN x.grantee = 0 THEN 'public' ELSE x.grantee::regrole::text END, x.privilege_type, x.is_grantable
    FROM granted CROSS JOIN LATERAL aclexplode(acl) x
"""
_TABLES = """
    SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 1, 2
"""
LATER = {"core.snapshot_taken", "core.restore_drill"}
"""Tables into which the snapshot and the drill write of themselves after the dump was taken."""


def checks(source: str, restored: str) -> list[Check]:
    """Both databases, each read by its own cluster's superuser and digested here."""
    before, after = tables(source), tables(restored)
    same = {name: before[name] for name in before.keys() - LATER}
    return [
        Check("恢复演练：全部数据表", {"tables": len(same), "rows": _rows(same), "digest": digest(same.items())},
              _told({name: after[name] for name in after.keys() - LATER})),
        Check("恢复演练：内容不同的表", [],
              sorted(name for name in before.keys() | after.keys() if name not in LATER
                     and before.get(name) != after.get(name))),
        *(Check(f"恢复演练：{name} 只少其后所记", 0, _unknown(source, restored, name)) for name in sorted(LATER)),
        *(Check(f"恢复演练：{what}", _digested(source, query, *values), _digested(restored, query, *values))
          for what, query, values in (
              ("表、约束、索引、视图的定义", _DEFINITIONS, ()), ("角色", _ROLES, (OWN,)),
              ("角色成员", _MEMBERSHIPS, (OWN,)), ("权限", _GRANTS, ()),
          )),
    ]  # fmt: skip


def tables(dsn: str) -> dict[str, tuple[int, str]]:
    """Table → number of rows and digest of its rows in the order of their text."""
    found = {}
    with closing(psycopg2.connect(dsn, options="-c timezone=UTC")) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for schema, table in cursor.fetchall():
            kept = _Digest()
            query = sql.SQL('COPY (SELECT t::text FROM {} t ORDER BY t::text COLLATE "C") TO STDOUT')
            cursor.copy_expert(query.format(sql.Identifier(schema, table)), kept)
            found[f"{schema}.{table}"] = (cursor.rowcount, kept.hash.hexdigest()[:16])
    return found


class _Digest:
    """A file that only remembers the hash of what was written."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.hash.update(data)


def _told(found: dict[str, tuple[int, str]]) -> dict[str, object]:
    return {"tables": len(found), "rows": _rows(found), "digest": digest(found.items())}


def _rows(found: dict[str, tuple[int, str]]) -> int:
    return sum(number for number, _ in found.values())


def _unknown(source: str, restored: str, table: str) -> int:
    """Rows of the restored table that the source does not have."""
    schema, _, name = table.partition(".")
    with closing(psycopg2.connect(source)) as one, closing(psycopg2.connect(restored)) as other:
        query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, name))
        with one.cursor() as here, other.cursor() as there:
            here.execute(query)
            there.execute(query)
            return len(set(there.fetchall()) - set(here.fetchall()))


def _digested(dsn: str, query: str, *values: str) -> dict[str, object]:
    found = rows(dsn, query, *values)
    return {"lines": len(found), "digest": digest(found)}
