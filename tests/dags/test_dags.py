"""The DAG files as Airflow reads them: which there are, what they have in common, and that reading them stays cheap."""

from __future__ import annotations

import ast
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
        assert set(dag["retries"].values()) == {2}, name
        assert (dag["catchup"], dag["active"]) == (False, 4), name


def test_each_dag_starts_as_design_says(loaded):
    timetables = {name: dag["timetable"] for name, dag in loaded["dags"].items()}
    assert {timetables[name] for name in timetables if name.startswith("receive_")} == {"PartitionedAtRuntime"}
    assert timetables["month_close"] == "MonthlyWindow"
    assert timetables["follow_up"] == "DailyTick"
    assert timetables["deliver"] == "PartitionedAssetTimetable"


def test_only_receivers_may_be_started_by_the_watcher(loaded):
    for name, dag in loaded["dags"].items():
        assert bool(dag["rights"] and "Watcher" in dag["rights"]) == name.startswith("receive_")


def test_a_month_waits_before_anything_is_compared(loaded):
    after = loaded["dags"]["month_close"]["after"]
    assert loaded["dags"]["month_close"]["mapped"] == ["compare", "wait"]

    def before(task: str) -> set[str]:
        return set(after[task]).union(*(before(earlier) for earlier in after[task]))

    for task in ("match", "rules", "compare", "conclude"):
        assert "wait" in before(task)
    assert "compare" in before("conclude")


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


@pytest.mark.parametrize("task", [tasks.open_month, tasks.admit])
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
        tasks.admit.function()


def test_a_refusal_ends_its_run_failed_without_retry():
    with pytest.raises(AirflowFailException, match="columns_missing"):
        tasks.verdict.function({"outcome": "refused", "reason": "columns_missing"}, 1)
    assert tasks.verdict.function({"outcome": "accepted", "reason": None}, 1) == "accepted"


def test_a_run_works_as_of_what_its_conf_says(monkeypatch, tmp_path):
    run = SimpleNamespace(partition_key="2026-11", conf={"as_of": "2026-12-01T00:30:00+08:00"})
    monkeypatch.setenv("BIDUI_HOME", str(tmp_path))
    with set_current_context({"dag_run": run}):
        assert tasks.stamp.function() == "2026-12-01T00:30:00+08:00"
