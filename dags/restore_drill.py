"""
# restore_drill · 恢复演练

每份备份做完就恢复一次：恢复到另一台全新的 Postgres，逐表核对行数和内容，核对角色、权限、结构和密封库，结果记入台账。

Proves each snapshot by restoring it onto a second, fresh Postgres server: every table's rows and digest, roles, grants,
definitions and the vault's contents are compared with the snapshot's manifest.

- Runs when a snapshot is there, under its partition key; it takes the newest one of that period.
- Green: everything equal. Red: a refusal or a difference; which one stands in `core.restore_drill` and in the log.
- What it restored is removed again, unless the office is set up to keep it until the next drill (`BIDUI_DRILL_KEEP`).
"""

from airflow.sdk import PartitionedAssetTimetable, dag

from bidui.orchestration import defaults, tasks


@dag(
    dag_id="restore_drill",
    dag_display_name="恢复演练",
    schedule=PartitionedAssetTimetable(assets=tasks.SNAPSHOT_TAKEN),
    tags=["quarter"],
    **defaults.dag(__doc__, max_active_runs=1),
)
def restore_drill():
    tasks.drill(tasks.stamp())


restore_drill()
