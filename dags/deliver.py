"""
# deliver · 交付

一个月比对完以后，把该发的发出去：各镇核查表、各单位更正单、月度报告。须审批的只备好，批准后由督办发出。

Sends what a compared month calls for: a workbook to each town, findings to whoever is asked to mend them, the monthly
report to the bureau.

- Runs when a month has been closed, under that month's partition key; a second round sends only what is new in it.
- A recipe that needs approval is prepared here and **not sent**: `bidui approve` lets it go, `follow_up` sends it.
- Every mail has an id of its own: a crash may send one twice, never under another id.
"""

from airflow.sdk import PartitionedAssetTimetable, dag

from bidui.orchestration import defaults, tasks


@dag(
    dag_id="deliver",
    dag_display_name="交付",
    schedule=PartitionedAssetTimetable(assets=tasks.CLOSED),
    tags=["month"],
    **defaults.dag(__doc__),
)
def deliver():
    as_of = tasks.stamp()
    tasks.deliver.partial(as_of=as_of).expand(recipe=tasks.recipes())


deliver()
