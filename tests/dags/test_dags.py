"""The DAG files as Airflow reads them: which there are, what they have in common, and that reading them stays cheap."""

from __future__ import annotations

import ast
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import set_current_context

from bidui.orchestration import tasks


@pytest.fixture(scope="module")
def loaded(repository: Path) -> dict[str, Any]:
    """All DAG files read in a fresh interpreter."""
    environment = {
        **os.environ, "BIDUI_INCLUDE": str(repository / "include"), "BIDUI_PROFILE": "demo",
        "PYTHONPATH": os.pathsep.join([str(repository), str(repository / "plugins")]),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.dags.loading", str(repository / "dags")]
    done = subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def files(repository: Path) -> list[Path]:
    return sorted((repository / "dags").glob("*.py"))


def test_every_file_loads(loaded):
    assert loaded["errors"] == {}


def test_there_is_one_dag_for_each_file_and_one_receiver_for_each_party_that_provides(loaded, files, policy):
    receivers = {f"receive_{a.party}" for a in policy.agreements.values() if a.provides}
    wanted = receivers | {file.stem for file in files if file.stem != "receive"}
    assert set(loaded["dags"]) == wanted
    assert {"month_close", "deliver", "follow_up"} < wanted
    assert len(receivers) > 1


def test_each_dag_is_documented_by_its_file(loaded):
    for dag in loaded["dags"].values():
        said = ast.get_docstring(ast.parse(Path(dag["file"]).read_text(encoding="utf-8")))
        assert said
        assert dag["doc"].strip() == said.strip()
        assert any("\u4e00" <= character <= "\u9fff" for character in dag["title"])


def test_each_dag_has_what_all_have_in_common(loaded):
    for name, dag in loaded["dags"].items():
        assert dag["tags"], name
        assert dag["owners"] == ["bidui"], name
        assert {n for task, n in dag["retries"].items() if ".step_" not in task} == {2}, name
        assert (dag["catchup"], dag["active"]) == (False, 4), name


def test_each_dag_starts_as_design_says(loaded):
    timetables = {name: dag["timetable"] for name, dag in loaded["dags"].items()}
    assert {timetables[name] for name in timetables if name.startswith("receive_")} == {"PartitionedAtRuntime"}
    assert timetables["month_open"] == timetables["month_close"] == "MonthlyWindow"
    assert timetables["follow_up"] == "DailyTick"
    assert timetables["deliver"] == timetables["quarter_close"] == "PartitionedAssetTimetable"


def test_only_receivers_may_be_started_by_the_watcher(loaded):
    for name, dag in loaded["dags"].items():
        assert bool(dag["rights"] and "Watcher" in dag["rights"]) == name.startswith("receive_")


def test_who_approves_may_answer_where_it_is_asked_and_nowhere_else(loaded):
    for dag in loaded["dags"].values():
        asks = any(task.startswith("approval.") for task in dag["after"])
        assert bool(dag["rights"] and "Approver" in dag["rights"]) == asks


def before(after: dict[str, list[str]], task: str) -> set[str]:
    """All that comes before a task."""
    return set(after[task]).union(*(before(after, earlier) for earlier in after[task]))


def test_a_month_waits_before_anything_is_compared(loaded):
    after = loaded["dags"]["month_close"]["after"]
    assert loaded["dags"]["month_close"]["mapped"] == ["compare", "wait"]
    for task in ("match", "rules", "compare", "conclude"):
        assert "wait" in before(after, task)
    assert "compare" in before(after, "conclude")


def test_a_wait_in_vain_stops_nothing_that_comes_after_it(loaded):
    after, rules = (loaded["dags"]["month_close"][name] for name in ("after", "rules"))
    assert {rules[task] for task, earlier in after.items() if "wait" in earlier} == {"none_failed"}


def test_a_month_and_a_quarter_say_that_they_are_closed(loaded):
    dags = loaded["dags"]
    for name in ("deliver", "quarter_close"):
        assert dags[name]["started_by"] == "month_closed"
    assert dags["month_close"]["ends_with"] == ["month_closed"]
    assert dags["quarter_close"]["ends_with"] == ["quarter_closed"]


def test_each_role_is_asked_in_turn_and_then_it_is_sent(loaded, policy):
    roles = max(len(recipe.approvals) for recipe in policy.recipes.values())
    assert roles > 1
    for name in ("deliver", "quarter_close"):
        after = loaded["dags"][name]["after"]
        chain = [f"approval.step_{step}" for step in range(1, roles + 1)] + ["approval.send_approved"]
        assert [task for task in after if task.startswith("approval.")] == chain
        assert all(earlier in after[later] for earlier, later in itertools.pairwise(chain))
        assert "deliver" in before(after, "approval.step_1")


def test_what_follows_a_quarter_waits_for_its_bulletin_but_for_no_approval(loaded):
    dag = loaded["dags"]["quarter_close"]
    earlier = before(dag["after"], "quarter_closed")
    assert "deliver" in earlier
    assert {task for task in dag["after"] if task.startswith("approval.")}
    assert not {task for task in earlier if task.startswith("approval.")}


def test_a_quarter_ends_in_a_snapshot_and_a_snapshot_in_a_drill_of_it(loaded):
    for name, before, after in (
        ("snapshot", "quarter_closed", ["snapshot_taken"]), ("restore_drill", "snapshot_taken", []),
    ):  # fmt: skip
        dag = loaded["dags"][name]
        assert dag["timetable"] == "PartitionedAssetTimetable"
        assert (dag["started_by"], dag["ends_with"]) == (before, after)


def test_reading_the_files_reaches_nothing_heavy(loaded):
    assert loaded["heavy"] == []


def test_a_file_imports_use_cases_only_in_its_tasks(files):
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module}
        assert {name.split(".")[0] for name in names} <= {"airflow", "bidui", "datetime", "__future__"}
        assert all(name.startswith("bidui.orchestration") for name in names if name.startswith("bidui"))


def test_files_stay_short(files):
    assert {file.name: n for file in files if (n := len(file.read_text(encoding="utf-8").splitlines())) > 120} == {}


def test_airflow_does_not_run_the_package_as_plugins(repository):
    assert (repository / "plugins" / ".airflowignore").read_text(encoding="utf-8").split() == ["bidui/"]


@pytest.mark.parametrize("task", [tasks.window, tasks.receive])
@pytest.mark.parametrize("key", [None, ""])
def test_a_run_without_its_period_fails_for_good(task, key):
    run = SimpleNamespace(partition_key=key, conf={"arrival_id": "a"})
    with set_current_context({"dag_run": run}), pytest.raises(AirflowFailException, match="partition key"):
        task.function()


def test_a_receiver_without_its_arrival_fails_for_good():
    with (
        set_current_context({"dag_run": SimpleNamespace(partition_key="2026-11", conf=None)}),
        pytest.raises(AirflowFailException, match="arrival_id"),
    ):
        tasks.receive.function()


def test_a_run_works_as_of_what_its_conf_says(monkeypatch, tmp_path):
    run = SimpleNamespace(partition_key="2026-11", conf={"as_of": "2026-12-01T00:30:00+08:00"})
    monkeypatch.setenv("BIDUI_HOME", str(tmp_path))
    with set_current_context({"dag_run": run}):
        assert tasks.stamp.function() == "2026-12-01T00:30:00+08:00"
