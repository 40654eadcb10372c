"""Rights by GRANT: asked of the catalogue for every table there is, and tried where it matters most."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bidui.policy.policy_set import PolicySet
from bidui.store.database import Database, Role, StoreError

OTHERS = [role for role in Role if role is not Role.OWNER]

RELATIONS = text("""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname AS schema, c.relkind AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('core', 'identity', 'out', 'data') AND c.relkind IN ('r', 'p', 'v')
      AND c.relname <> 'alembic_version'
    ORDER BY 1
""")


def may(store: Database, role: Role, right: str) -> set[str]:
    """The relations on which a role has a right."""
    with store.begin(Role.OWNER) as connection:
        return {
            row.name
            for row in connection.execute(RELATIONS)
            if connection.execute(
                text("SELECT has_table_privilege(:role, :name, :right)"),
                {"role": role.login, "name": row.name, "right": right},
            ).scalar()
        }


def relations(store: Database, schema: str, kinds: str = "rp") -> set[str]:
    with store.begin(Role.OWNER) as connection:
        return {row.name for row in connection.execute(RELATIONS) if row.schema == schema and row.kind in kinds}


@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"])
@pytest.mark.parametrize("role", OTHERS)
def test_nobody_but_the_owner_changes_or_deletes_a_row(shared_store: Database, role: Role, right: str) -> None:
    assert len(may(shared_store, Role.OWNER, right)) > 30  # the question is asked of real tables
    assert may(shared_store, role, right) == set()


def test_every_dataset_given_has_its_table_and_only_intake_writes_it(shared_store: Database, policy: PolicySet) -> None:
    tables = relations(shared_store, "data")
    assert tables == {f"data.{contract.table}" for contract in policy.tables}
    assert tables <= may(shared_store, Role.INTAKE, "INSERT")
    assert not tables & (may(shared_store, Role.COMPARE, "INSERT") | may(shared_store, Role.DELIVER, "INSERT"))


def test_each_table_has_the_writers_that_it_should(shared_store: Database) -> None:
    writers = {role: may(shared_store, role, "INSERT") for role in OTHERS}
    shared = {name for name in relations(shared_store, "core") if sum(name in writers[role] for role in OTHERS) > 1}
    assert shared == {"core.case_event"}
    assert not writers[Role.INTAKE] & relations(shared_store, "out")
    assert not writers[Role.COMPARE] & (relations(shared_store, "out") | relations(shared_store, "identity"))
    assert not writers[Role.DELIVER] & (relations(shared_store, "data") | relations(shared_store, "identity"))
    owners_own = relations(shared_store, "core") - set().union(*writers.values())
    assert owners_own == {
        "core.policy_bundle", "core.region", "core.snapshot", "core.snapshot_taken", "core.restore_drill",
    }  # fmt: skip


def test_the_comparing_role_reads_tokens_and_no_text(shared_store: Database) -> None:
    readable = may(shared_store, Role.COMPARE, "SELECT")
    assert readable & relations(shared_store, "identity", "rpv") == {
        "identity.candidate", "identity.name_variant", "identity.person_link",
    }  # fmt: skip
    assert relations(shared_store, "data") <= readable


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.COMPARE, "SELECT id_number FROM identity.person"),
        (Role.COMPARE, "SELECT text FROM identity.term"),
        (Role.COMPARE, "SELECT number FROM identity.household"),
        (Role.COMPARE, "SELECT name FROM identity.file_name"),
        (Role.COMPARE, "INSERT INTO identity.candidate SELECT * FROM identity.candidate"),
        (
            Role.INTAKE,
            "INSERT INTO out.message SELECT * FROM out.message",
        ),
        (Role.INTAKE, "INSERT INTO core.run SELECT * FROM core.run"),
        (Role.INTAKE, "UPDATE core.package SET bytes = 0"),
        (Role.DELIVER, "INSERT INTO core.finding SELECT * FROM core.finding"),
        (Role.DELIVER, "DELETE FROM out.delivery"),
        (Role.DELIVER, "CREATE TABLE core.mine (x int)"),
        (Role.DELIVER, "CREATE TABLE public.mine (x int)"),
    ],
)
def test_refused(shared_store: Database, role: Role, statement: str) -> None:
    with pytest.raises(StoreError) as refused, shared_store.begin(role) as connection:
        connection.execute(text(statement))
    assert refused.value.sqlstate == "42501"


@pytest.mark.parametrize("view", ["name_variant", "person_link", "candidate"])
def test_the_comparing_role_reads_what_identity_publishes(shared_store: Database, view: str) -> None:
    with shared_store.begin(Role.COMPARE) as connection:
        assert connection.execute(text(f"SELECT * FROM identity.{view}")).all() == []


def test_delivering_cannot_write_rows_of_any_dataset(shared_store: Database, policy: PolicySet) -> None:
    for contract in policy.tables:
        with pytest.raises(StoreError) as refused, shared_store.begin(Role.DELIVER) as connection:
            connection.execute(text(f'INSERT INTO data."{contract.table}" SELECT * FROM data."{contract.table}"'))
        assert refused.value.sqlstate == "42501"
