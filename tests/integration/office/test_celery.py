"""The office's way of working, natively: Celery hands the tasks to two workers through Redis."""

import os
import shutil
from datetime import datetime

import pytest

from bidui.orchestration import clock
from bidui.pipeline import apply
from bidui.pipeline.office import Office as Hub
from bidui.sealing import authority
from demo import office
from demo.services import broker as brokers
from demo.services import switchboard
from demo.services.airflow import WORKERS
from demo.services.airflow import Airflow as Launcher
from demo.services.broker import Broker
from demo.services.process import free_port
from demo.services.rest import Airflow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which(brokers.PROGRAM) and not os.environ.get("CI"), reason="redis-server is not installed"
    ),
]

DAG = """
import os
import time

from airflow.sdk import PartitionedAtRuntime, dag, task

@dag(dag_id="spread", schedule=PartitionedAtRuntime())
def spread():
    @task
    def where(number: int):
        time.sleep(2)
        return os.getsid(0)  # each worker leads a session

    where.expand(number=list(range(8)))

spread()
"""
PERIOD = "2026-10"


@pytest.fixture(scope="module")
def launcher(tmp_path_factory, repository):
    """A hub that has applied its policy, and Airflow with two Celery workers, the product's DAGs and one more."""
    folder = tmp_path_factory.mktemp("celery")
    shutil.copytree(repository / "dags", folder / "dags")
    (folder / "dags" / "spread.py").write_text(DAG)
    place = office.at(folder / "home", {}, database=free_port(), mail=free_port(), web=free_port())
    queue = Broker(place, free_port())
    made = Launcher(place, dags=folder / "dags", broker=queue)
    try:
        switchboard.up(place, only=("postgres",))
        hub = Hub.from_environment(place.environment())
        day = datetime(2026, 11, 1, 9, tzinfo=hub.zone)
        clock.put(place.home / clock.FILE, day)
        authority.create_hub_keys(hub.keys, now=day, next_update=day.replace(year=2027))
        apply.migrate_up(hub)
        apply.apply_policy(hub, day)
        hub.database.close()
        queue.start()
        made.lay_out()
        made.prepare(switchboard.database(place))
        made.start(lambda _line: None)
        yield made
    finally:
        made.stop()
        queue.stop()
        switchboard.remove(place)


@pytest.fixture(scope="module")
def session(launcher):
    session = Airflow.of(launcher.office, "boss")
    session.await_dags("spread", "month_close", seconds=120)
    yield session
    session.close()


def workers(launcher):
    """Session → worker."""
    return {launcher.programs[f"worker-{n}"].leader(): n for n in range(1, WORKERS + 1)}


def places(session, run):
    """The sessions in which the mapped tasks of a run ran."""
    assert session.trigger("spread", run, period=PERIOD)
    assert session.wait("spread", run, seconds=180) == "success"
    path = f"/dags/spread/dagRuns/{run}/taskInstances/where/xcomEntries/return_value"
    return [int(session._read(path, map_index=number)["value"]) for number in range(8)]


def test_two_workers_share_the_tasks(launcher, session):
    assert set(places(session, "both")) == set(workers(launcher))


def test_the_product_runs_on_them(launcher, session):
    """Nothing has come in and the window is over: every rule is frozen, and the month is closed all the same."""
    assert session.trigger("month_close", f"{PERIOD}.window", period=PERIOD)
    assert session.wait("month_close", f"{PERIOD}.window", seconds=300) == "success"
    postgres = switchboard.database(launcher.office)
    assert postgres.execute("SELECT DISTINCT status FROM core.run", database="bidui") == [("frozen",)]


def test_one_worker_carries_on_when_the_other_dies(launcher, session):
    (lost, number), (left, _) = sorted(workers(launcher).items(), key=lambda found: found[1])
    for pid in launcher.programs[f"worker-{number}"].members():
        os.kill(pid, 9)
    assert set(places(session, "one")) == {left}
    assert lost != left
