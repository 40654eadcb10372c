"""
# deliver · 交付

一个月比对完以后，把该发的发出去：各镇核查表、各单位更正单、月度报告。须审批的先备好，逐级批准后发出。

Sends what a compared month calls for: a workbook to each town, findings to whoever is asked to mend them, the monthly
report to the bureau.

- Runs when a month has been closed, under that month's partition key; a second round sends only what is new in it.
- A recipe that needs approval is prepared and **not sent**: each role is asked in turn (`approval`, one line per
  delivery), by mail with the documents and here under "Required Actions"; only that role's logins may answer. After the
  last approval it leaves in this run. `bidui approve` decides without Airflow.
- A rejection is final for that version and ends the run **failed**. Clear `deliver` and all after it when the cause is
  mended: a new version is prepared and asked anew.
- A later round's report makes an open question void: its step ends skipped.
- Every mail has an id of its own: a crash may send one twice, never under another id.
"""

from airflow.sdk import PartitionedAssetTimetable, dag

from bidui.orchestration import defaults, sign, tasks


@dag(
    dag_id="deliver",
    dag_display_name="交付",
    schedule=PartitionedAssetTimetable(assets=tasks.CLOSED),
    tags=["month"],
    access_control=defaults.APPROVER,
    **defaults.dag(__doc__),
)
def deliver():
    as_of = tasks.stamp()
    sign.approvals(tasks.deliver.partial(as_of=as_of).expand(recipe=tasks.recipes()))


deliver()
