"""Typed tables follow their contracts: they are only ever extended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from bidui.policy import physical
from bidui.policy.contract import Column, Contract
from bidui.policy.policy_set import PolicySet
from bidui.store.database import Database, Role


@pytest.fixture
def owner(shared_store: Database) -> Iterator[Connection]:
    """A transaction of the owner's that leaves nothing."""
    with shared_store.begin(Role.OWNER) as connection:
        nested = connection.begin_nested()
        yield connection
        nested.rollback()


@pytest.fixture
def contract(policy: PolicySet) -> Contract:
    return next(c for c in policy.contracts.values() if "export" in c.roles)


def columns_of(connection: Connection, contract: Contract) -> list[str]:
    return list(
        connection.execute(
            text(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'data' AND table_name = :name ORDER BY ordinal_position"
            ),
            {"name": contract.table},
        ).scalars()
    )


def test_applying_again_changes_nothing(owner: Connection, policy: PolicySet) -> None:
    for contract in policy.tables:
        assert physical.apply(owner, contract) == []
        assert columns_of(owner, contract) == list(physical.definition(contract))


def test_a_new_column_extends_the_table(owner: Connection, contract: Contract) -> None:
    wider = contract.model_copy(
        update={"columns": (*contract.columns, Column(name="added", title="新增", type="decimal"))}
    )
    assert physical.apply(owner, wider) == [f"table {contract.table}: added added"]
    assert columns_of(owner, contract) == [*physical.definition(contract), "added"]


@pytest.mark.parametrize("change", ["gone", "retyped"])
def test_a_breaking_change_is_refused(owner: Connection, contract: Contract, change: str) -> None:
    plain = next(c for c in contract.columns if not c.role and not c.identifier and c.type == "text")
    kept = tuple(c for c in contract.columns if c.name != plain.name)
    columns = kept if change == "gone" else (*kept, plain.model_copy(update={"type": "decimal"}))
    with pytest.raises(
        physical.BreakingChange, match=f"columns {plain.name} changed or gone; a new major version is needed"
    ):
        physical.apply(owner, contract.model_copy(update={"columns": columns}))


def test_a_new_major_version_has_a_table_beside_the_old_one(owner: Connection, contract: Contract) -> None:
    newer = contract.model_copy(update={"version": "2.0.0", "columns": contract.columns[:-1]})
    assert "created" in physical.apply(owner, newer)[0]
    assert columns_of(owner, newer) == list(physical.definition(newer))
    assert columns_of(owner, contract) == list(physical.definition(contract))
