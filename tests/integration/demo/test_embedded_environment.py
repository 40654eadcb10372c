"""The embedded environment as a whole: up, one run over REST, down, nothing left and nothing public."""

import os
import time

import psutil
import pytest

from bidui.orchestration import rest
from demo import office
from demo.services import switchboard
from demo.services.airflow import COMPONENTS
from demo.services.postgres import Postgres
from demo.services.process import Program, free_port
from demo.services.rest import Airflow, RestError

pytestmark = pytest.mark.slow

DAG = """
from airflow.sdk import PartitionedAtRuntime, dag, get_current_context, task

WATCHER = {"Watcher": {"DAGs": {"can_read", "can_edit"}}}

@dag(dag_id="greet", schedule=PartitionedAtRuntime(), access_control=WATCHER)
def greet():
    @task
    def say():
        import bidui.domain.period
        context = get_current_context()
        return [context["partition_key"], context["dag_run"].conf]
    say()

greet()
"""

QUARTER = """
from airflow.sdk import dag, task
from bidui.orchestration import tasks
from bidui.orchestration.timetables import each_quarter

@dag(dag_id="sum_up", schedule=each_quarter(tasks.CLOSED, "Asia/Shanghai"))
def sum_up():
    @task
    def say():
        pass
    say()

sum_up()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An office with everything running, on free ports, with one DAG."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "dags").mkdir()
    (folder / "dags" / "greet.py").write_text(DAG)
    (folder / "dags" / "sum_up.py").write_text(QUARTER)
    place = office.at(folder / "home", {}, database=free_port(), mail=free_port(), web=free_port(), drill=free_port())
    try:
        switchboard.up(place, dags=folder / "dags")
        yield place
    finally:
        switchboard.remove(place)


@pytest.fixture
def session(place):
    """The REST session of the login with the least rights."""
    session = Airflow.of(place, "watcher")
    session.await_dags("greet")
    yield session
    session.close()


def descendants(place):
    """Processes of this office, by session for our programs and by parent for Postgres."""
    names = ("mail", *(f"airflow-{name}" for name in COMPONENTS))
    programs = [Program(name, place.run) for name in names]
    found = {pid for program in programs for pid in program.members()}
    postmaster = int((switchboard.database(place).base / "data" / "postmaster.pid").read_text().split()[0])
    return found | {postmaster} | {child.pid for child in psutil.Process(postmaster).children(recursive=True)}


def test_everything_listens_on_loopback_only(place):
    running = switchboard.status(place)
    assert not running.pop("watcher")  # it is started by whoever has applied the policy
    assert all(running.values())
    ours = descendants(place)
    listeners = [c.laddr for c in psutil.net_connections("inet") if c.status == "LISTEN" and c.pid in ours]
    listening = {(address.ip, address.port) for address in listeners}
    ports = place.ports
    assert listening == {("127.0.0.1", port) for port in (ports.database, ports.mail, ports.web)}


def test_the_watcher_starts_a_run_of_a_period_once(session):
    assert session.trigger("greet", "2026-11.x.1", period="2026-11", conf={"package": 7})
    assert not session.trigger("greet", "2026-11.x.1", period="2026-11")
    assert session.wait("greet", "2026-11.x.1", seconds=60) == "success"
    assert [run["partition_key"] for run in session.runs(period="2026-11")] == ["2026-11"]
    assert [task["state"] for task in session.tasks("greet", "2026-11.x.1")] == ["success"]


def test_a_quarter_begins_once_each_month_was_announced_in_whatever_order(place, session):
    session.await_dags("sum_up")
    hub = rest.Airflow(session.url, rest.LOGIN, place.secret(f"login_{rest.LOGIN}"))
    boss = Airflow.of(place, "boss")
    for month in ("2026-11", "2026-10", "2026-11"):
        rest.announce(hub, rest.MONTH_CLOSED, month)
    time.sleep(5)
    assert boss.runs("sum_up") == []
    rest.announce(hub, rest.MONTH_CLOSED, "2026-12")
    deadline = time.monotonic() + 60
    while not (runs := boss.runs("sum_up")) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert [run["partition_key"] for run in runs] == ["2026-Q4"]
    with pytest.raises(LookupError):
        rest.announce(hub, "bidui://nothing/known", "2026-12")
    boss.close()


def test_the_watcher_may_do_no_more(session):
    for path in ("/variables", "/connections", "/dags/~/dagRuns/~/hitlDetails"):
        with pytest.raises(RestError, match="403"):
            session._read(path)


def test_no_password_stands_in_an_environment_file_or_a_log(place):
    secrets = {path.read_text().strip() for path in (place.home / "secrets").iterdir() if path.name != "pgpass"}
    texts = [place.home / "env", place.home / "airflow" / "env", *place.run.glob("*.log")]
    assert len(texts) >= 7
    assert not any(secret in path.read_text() for path in texts for secret in secrets)


def test_down_leaves_nothing_even_after_a_crash(place):
    before = descendants(place)
    os.kill(Program("airflow-scheduler", place.run).leader(), 9)
    switchboard.down(place)
    assert not any(switchboard.status(place).values())
    alive = {p.pid for p in psutil.process_iter() if p.status() != psutil.STATUS_ZOMBIE}
    assert before & alive == set()
    assert not Postgres(place.home / "postgres", place.ports.database).is_running()
