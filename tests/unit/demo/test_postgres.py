"""The embedded Postgres: what it listens on, what it keeps, what its log says."""

import os
import stat
from contextlib import closing

import psutil
import psycopg2
import pytest
from psycopg2 import errors

from demo.services import postgres as module
from demo.services.postgres import Postgres

SMALL = {"shared_buffers": "16MB", "fsync": "off"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrapper") / "postgres"
    yield folder
    Postgres(folder).destroy()


@pytest.fixture
def server(home):
    """The module's server, running, whatever the test before did to it."""
    server = Postgres(home, settings=SMALL)
    server.start()
    return server


def listeners(port):
    return {c.laddr.ip for c in psutil.net_connections("tcp") if c.laddr.port == port and c.status == "LISTEN"}


def test_it_listens_on_loopback_only_and_has_no_socket_file(server):
    assert listeners(server.port) == {"127.0.0.1"}
    assert server.execute("show unix_socket_directories") == [("",)]


def test_it_asks_for_the_password_which_only_its_owner_reads(server):
    wrong = server.dsn().replace(server.password, "wrong")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong)
    assert stat.S_IMODE((server.home / "superuser").stat().st_mode) == 0o600


def test_data_survive_a_restart_and_repeated_calls_are_harmless(server):
    for _ in range(2):
        server.create_role("clerk", "first")
        server.create_database("hub", owner="clerk")
    server.create_role("clerk", "second")
    server.execute("create table kept (n int)", database="hub")
    port = server.port
    server.restart()
    server.start()
    again = Postgres(server.home, settings=SMALL)
    assert (again.port, again.is_running()) == (port, True)
    assert again.execute("select count(*) from kept", database="hub") == [(0,)]
    dsn = f"host=127.0.0.1 port={port} dbname=hub user=clerk password=second"
    with closing(psycopg2.connect(dsn)):
        pass


def test_a_database_is_closed_to_other_roles(server):
    server.create_role("owner", "pw")
    server.create_role("stranger", "pw")
    server.create_database("hub", owner="owner")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(f"host=127.0.0.1 port={server.port} dbname=hub user=stranger password=pw")


def test_it_stops_and_says_so(server):
    server.stop()
    server.stop()
    assert not server.is_running()
    assert listeners(server.port) == set()


def test_it_starts_again_after_it_was_killed(server):
    os.kill(int((server.base / "data" / "postmaster.pid").read_text().split()[0]), 9)
    while server.is_running():
        pass
    server.start()
    assert server.execute("select 1") == [(1,)]


def test_the_log_never_holds_a_value_that_somebody_sent(server):
    server.execute("create table person (id text primary key)")
    server.execute("insert into person values (%s)", ["VALUE-1"])
    with pytest.raises(errors.UniqueViolation):
        server.execute("insert into person values (%s)", ["VALUE-1"])
    with pytest.raises(errors.InvalidTextRepresentation):
        server.execute("select %s::int", ["VALUE-2"])
    assert "VALUE" not in server.log.read_text()


def test_the_binaries_of_a_backup_are_at_hand():
    assert os.access(Postgres(module.Path("unused")).bin / "pg_dump", os.X_OK)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_as_root_an_unreachable_home_moves_to_a_folder_of_the_servers_user(tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    server = Postgres(tmp_path / "private" / "postgres", settings=SMALL)
    server.start()
    try:
        assert server.base.parent in map(module.Path, module.SHARED_FOLDERS)
        assert server.base.stat().st_uid == module.UNPRIVILEGED
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    finally:
        server.destroy()
    assert not server.base.exists()
