"""The fixed schema: what the migrations make is what the tables declare, all the way up, down and up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bidui.store import migrate, roles
from bidui.store.database import Database, Role
from demo.services.postgres import Postgres

OBJECTS = text("""
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'v', 'S') AND c.relname <> 'alembic_version' ORDER BY 1
""")


@pytest.fixture
def empty(postgres: Postgres, database: str, passwords: Path, provision: Callable[[str], None]) -> Iterator[Database]:
    """A database that belongs to the owner and holds nothing."""
    provision(database)
    with closing(Database(f"127.0.0.1:{postgres.port}/{database}", passwords)) as made:
        yield made


def objects(connection: Connection) -> list[str]:
    return list(connection.execute(OBJECTS, {"schemas": list(migrate.OWN_SCHEMAS)}).scalars())


def test_up_down_and_up_again(empty: Database) -> None:
    with empty.begin(Role.OWNER) as connection:
        migrate.upgrade(connection)
        roles.grant(connection)
        first = objects(connection)
        assert migrate.differences(connection) == []
    with empty.begin(Role.OWNER) as connection:
        migrate.downgrade(connection)
        assert objects(connection) == []
    with empty.begin(Role.OWNER) as connection:
        migrate.upgrade(connection)
        roles.grant(connection)
        assert objects(connection) == first
        assert migrate.differences(connection) == []


def test_up_twice_changes_nothing(empty: Database) -> None:
    with empty.begin(Role.OWNER) as connection:
        migrate.upgrade(connection)
        first = objects(connection)
        migrate.upgrade(connection)
        assert objects(connection) == first


def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    def interrupted(connection: Connection) -> None:
        migrate.upgrade(connection)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"), empty.begin(Role.OWNER) as connection:
        interrupted(connection)
    with empty.begin(Role.OWNER) as connection:
        assert objects(connection) == []


def test_differences_sees_a_change_made_by_hand(store: Database) -> None:
    with store.begin(Role.OWNER) as connection:
        assert migrate.differences(connection) == []
        connection.execute(text("ALTER TABLE core.package ADD COLUMN remark text"))
        assert [change[0] for change in migrate.differences(connection)] == ["remove_column"]


def test_there_is_one_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
