"""The deferred wait against a real Postgres: who is in, when the window ends, and what it lives through."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from bidui.orchestration.waits import LABEL, SubmissionTrigger, WaitForSubmission

PERIOD, END = "2026-11", "2026-11-30T18:00:00+08:00"
DATASET = "insurance_med.enrolment_roster"


class Hub:
    """A hub's environment: its database, its secret and its clock."""

    def __init__(self, home: Path, postgres, database: str, password: str) -> None:
        self.home, self.postgres, self.database, self.password = home, postgres, database, password
        (home / "secrets").mkdir()
        (home / "secrets" / "db_compare").write_text(password)
        self.clock = home / "clock.json"
        self.tick("2026-11-25T08:00:00+08:00")

    def tick(self, now: str) -> None:
        self.clock.write_text(json.dumps({"now": now}))

    def sql(self, statement: str) -> None:
        self.postgres.execute(statement, database=self.database)

    def submit(self, scope: str = "", dataset: str = DATASET, period: str = PERIOD) -> None:
        self.sql(f"INSERT INTO core.submission VALUES ('demo', '{dataset}', '{period}', '{scope}', now())")

    def wait(self, *, scopes: tuple[str, ...] = (), then=None, patience: float = 5) -> dict[str, str] | None:
        """What the trigger says within ``patience`` seconds; ``then`` happens after a few polls."""
        trigger = SubmissionTrigger(
            hub="demo", period=PERIOD, dataset=DATASET, window_end=END, scopes=scopes, poll_seconds=0.05,
            clock_file=str(self.clock),
        )  # fmt: skip
        kind, arguments = trigger.serialize()
        assert kind == "bidui.orchestration.waits.SubmissionTrigger"

        async def first() -> dict[str, str]:
            again = SubmissionTrigger(**json.loads(json.dumps(arguments)))
            return (await anext(again.run())).payload

        async def bounded() -> dict[str, str] | None:
            waiting = asyncio.create_task(first())
            await asyncio.sleep(0.3)
            if then is not None:
                assert not waiting.done()
                await asyncio.to_thread(then)
            try:
                return await asyncio.wait_for(waiting, patience)
            except TimeoutError:
                return None

        return asyncio.run(bounded())


@pytest.fixture
def hub(tmp_path, postgres, database, passwords, monkeypatch) -> Hub:
    password = (passwords / "db_compare").read_text()  # the role is the whole server's
    hub = Hub(tmp_path, postgres, database, password)
    hub.sql("CREATE SCHEMA core")
    columns = "hub text, dataset text, period text, scope text, recorded_as_of timestamptz"
    hub.sql(f"CREATE TABLE core.submission ({columns})")
    postgres.create_role("bidui_compare", password)
    hub.sql(f"GRANT CONNECT ON DATABASE {database} TO bidui_compare")
    hub.sql("GRANT USAGE ON SCHEMA core TO bidui_compare")
    hub.sql("GRANT SELECT ON core.submission TO bidui_compare")
    monkeypatch.setenv("BIDUI_HOME", str(tmp_path))
    monkeypatch.setenv("BIDUI_DB", f"127.0.0.1:{postgres.port}/{database}")
    return hub


def test_it_is_in_already(hub):
    hub.submit()
    assert hub.wait() == {"dataset": DATASET, "how": "in", "in": 1, "of": 1, "at": "2026-11-25T08:00:00+08:00"}


def test_it_comes_in_while_waiting(hub):
    assert hub.wait(then=hub.submit)["how"] == "in"


def test_another_month_or_dataset_is_not_it(hub):
    hub.submit(period="2026-10")
    hub.submit(dataset="civil.deaths")
    assert hub.wait(patience=0.5) is None


def test_every_scope_is_waited_for(hub):
    hub.submit("990821101")
    assert hub.wait(scopes=("990821101", "990821102"), patience=0.5) is None
    found = hub.wait(scopes=("990821101", "990821102"), then=lambda: hub.submit("990821102"))
    assert (found["how"], found["in"], found["of"]) == ("in", 2, 2)


def test_a_part_that_nobody_expects_counts_for_nothing(hub):
    hub.submit("990821101")
    hub.submit("990821199")
    hub.tick(END)
    found = hub.wait(scopes=("990821101", "990821102"))
    assert (found["how"], found["in"], found["of"]) == ("window end", 1, 2)


def test_the_window_ends(hub):
    found = hub.wait(then=lambda: hub.tick(END))
    assert found == {"dataset": DATASET, "how": "window end", "in": 0, "of": 1, "at": END}


def test_what_is_in_at_the_end_is_in(hub):
    hub.submit()
    hub.tick((datetime.fromisoformat(END) + timedelta(days=1)).isoformat())
    assert hub.wait()["how"] == "in"


@pytest.mark.parametrize("half", ["", "{", "{}", "[]", '{"now": 5}', '{"now": "soon"}', '{"now": "2026-12-01"}'])
def test_a_half_written_clock_is_lived_through(hub, half):
    hub.submit()
    hub.clock.write_text(half)
    assert hub.wait(then=lambda: hub.tick(END))["at"] == END


def test_the_end_counts_only_when_the_database_could_be_asked(hub, caplog):
    caplog.set_level(logging.DEBUG)
    hub.tick(END)
    hub.sql("ALTER TABLE core.submission RENAME TO away")

    def back() -> None:
        hub.sql("INSERT INTO core.away SELECT 'demo', $$" + DATASET + "$$, $$" + PERIOD + "$$, '', now()")
        hub.sql("ALTER TABLE core.away RENAME TO submission")

    assert hub.wait(then=back)["how"] == "in"
    assert hub.password not in caplog.text


def test_a_missing_secret_and_a_closed_door_are_lived_through(hub, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    hub.submit()
    secret = hub.home / "secrets" / "db_compare"
    secret.rename(hub.home / "kept")
    assert hub.wait(then=lambda: (hub.home / "kept").rename(secret))["how"] == "in"
    monkeypatch.setenv("BIDUI_DB", "127.0.0.1:1/nowhere")
    assert hub.wait(patience=0.5) is None
    said = caplog.text + "".join(capfd.readouterr())
    assert hub.password not in said
    assert "nowhere" not in said


def wait_for(**changes) -> WaitForSubmission:
    given = {"hub": "demo", "period": PERIOD, "dataset": DATASET, "window_end": END, **changes}
    return WaitForSubmission(task_id="wait", **given)


def test_the_task_defers_to_the_simulated_clock_or_to_real_time(hub, monkeypatch):
    for simulated, clock in (("0", None), ("1", str(hub.clock))):
        monkeypatch.setenv("BIDUI_SIMULATED", simulated)
        with pytest.raises(TaskDeferred) as deferred:
            wait_for().execute({})
        assert deferred.value.trigger.clock_file == clock
        assert deferred.value.method_name == "execute_complete"


def test_the_task_waits_for_the_parts_of_its_own_dataset(hub):
    scopes = {DATASET: ["990821101", "990821102"], "civil.deaths": []}
    for dataset, parts in scopes.items():
        with pytest.raises(TaskDeferred) as deferred:
            wait_for(dataset=dataset, scopes=scopes).execute({})
        assert deferred.value.trigger.scopes == parts
    assert wait_for(scopes=scopes).label == f"{DATASET} ×2"
    assert wait_for(scopes=scopes, dataset="civil.deaths").label == "civil.deaths"


def test_the_task_does_not_wait_for_what_the_catalogue_no_longer_has(hub):
    with pytest.raises(AirflowSkipException, match="does not have the dataset"):
        wait_for(scopes={"civil.deaths": []}).execute({})


@pytest.mark.parametrize(
    ("how", "there", "of", "label"),
    [
        ("in", 1, 1, DATASET),
        ("in", 12, 12, f"{DATASET} 12/12"),
        ("window end", 0, 1, f"{DATASET}（窗口结束未到齐）"),
        ("window end", 9, 12, f"{DATASET} 9/12（窗口结束未到齐）"),
    ],
)
def test_a_wait_in_vain_ends_skipped_and_the_grid_says_what_came(how, there, of, label):
    event, task = {"dataset": DATASET, "how": how, "in": there, "of": of, "at": END}, wait_for()
    assert task.label == DATASET
    if how == "in":
        assert task.execute_complete({}, event) == event
    else:
        with pytest.raises(AirflowSkipException, match=f"{there} of {of} in"):
            task.execute_complete({}, event)
    assert task.label == label


@pytest.mark.parametrize("end", ["", "None", "2026-11-30T18:00:00", "soon"])
def test_an_end_that_is_no_time_fails_for_good(end):
    with pytest.raises(AirflowFailException):
        wait_for(window_end=end).execute({})


def test_the_grid_shows_the_dataset():
    assert LABEL == "{{ task.label }}"
    assert "dataset" in WaitForSubmission.template_fields
