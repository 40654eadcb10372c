"""Loads a folder of DAG files as Airflow does and says what came of it: ``python -m tests.dags.loading <folder>``."""

from __future__ import annotations

import json
import sys
from typing import Any


def told(dag: Any) -> dict[str, Any]:
    """What the tests ask about one DAG."""
    return {
        "doc": dag.doc_md, "title": dag.dag_display_name, "tags": sorted(dag.tags),
        "timetable": type(dag.timetable).__name__,
        "file": dag.fileloc, "catchup": dag.catchup, "active": dag.max_active_tasks,
        "retries": {task.task_id: task.retries for task in dag.tasks},
        "owners": sorted({task.owner for task in dag.tasks}),
        "mapped": sorted(task.task_id for task in dag.tasks if task.is_mapped),
        "after": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
        "rules": {task.task_id: task.trigger_rule.value for task in dag.tasks},
        "rights": dag.access_control,
        "started_by": str(getattr(getattr(dag.timetable, "asset_condition", None), "name", "")),
        "ends_with": sorted(asset.name for task in dag.tasks for asset in task.outlets),
    }  # fmt: skip


def main(folder: str) -> None:
    """Print one JSON object: errors, DAGs by id, modules that are there afterwards."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(folder)
    heavy = sorted({"pandas", "numpy", "great_expectations", "openpyxl"} & sys.modules.keys())
    found = {"errors": bag.import_errors, "dags": {name: told(dag) for name, dag in bag.dags.items()}, "heavy": heavy}
    sys.stdout.write(json.dumps(found, default=sorted) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
