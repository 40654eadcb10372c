"""What tasks need is imported by the programs that fork them, and by no other."""

import subprocess
import sys

import pytest

from bidui.orchestration import preload


@pytest.mark.parametrize(("command", "forks"), [
    ("airflow scheduler --skip-serve-logs", True), ("-m scheduler", True), ("airflow celery worker -q default", True),
    ("airflow api-server", False), ("airflow dag-processor", False), ("airflow triggerer", False),
    ("airflow celery flower", False), ("airflow", False), ("airflow dags test scheduler", False),
])  # fmt: skip
def test_only_programs_that_fork_tasks_preload(command, forks):
    assert preload.is_for(command.split()) is forks


@pytest.mark.parametrize("profile", ["demo", "nobody's"])
def test_afterwards_the_slow_imports_are_there_whatever_the_policy_says(repository, profile):
    told = (
        "import sys; from bidui.orchestration import preload; before = 'pandas' in sys.modules; preload.preload();"
        " print(before, 'great_expectations' in sys.modules, 'bidui.pipeline.receive' in sys.modules)"
    )
    environment = {"PYTHONPATH": "plugins", "BIDUI_INCLUDE": "include", "BIDUI_PROFILE": profile}
    done = subprocess.run([sys.executable, "-c", told], cwd=repository, env=environment, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("False True True", "")
