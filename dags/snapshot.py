"""
# snapshot · 备份

季度汇总完成后自动备份，重大变更前手动启动一次：数据库、角色和密封库在同一时刻取出，加密给两把密钥，放进 backup 文件夹。

Takes a snapshot when a quarter has been closed: database, roles and vault as of one moment, compressed and sealed to
the hub's backup key and to the escrow key that is kept elsewhere.

- The partition key is the period. Before a major change start it by hand with the running month as its key.
- A snapshot is whole or not there; clearing the run finds the one that it made and takes no second.
- Its end starts `restore_drill`.
"""

from airflow.sdk import PartitionedAssetTimetable, dag

from bidui.orchestration import defaults, tasks


@dag(
    dag_id="snapshot",
    dag_display_name="备份",
    schedule=PartitionedAssetTimetable(assets=tasks.QUARTER_CLOSED),
    tags=["quarter"],
    **defaults.dag(__doc__, max_active_runs=1),
)
def snapshot():
    tasks.snapshot(tasks.stamp())


snapshot()
