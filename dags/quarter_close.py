"""
# quarter_close · 季度汇总

一个季度的三个月都比对完以后，汇总成数据质量通报：报局领导审批，批准后发各镇各部门；随后触发备份。

Sums a quarter up once its three months have been compared, and prepares what it calls for: the data-quality bulletin to
the bureau, every agency and every town.

- Runs once for a quarter, under its own partition key (`2026-Q4`), when each of its months has been said to be closed.
  A month that was closed on the command line is made known with `bidui announce 2026-10`.
- The bulletin is approved once, for everybody who gets it, and leaves after the last approval. Waiting for it does not
  hold back what follows the quarter.
- A correction that closes a month anew does **not** run the quarter again: trigger it by hand under the same partition
  key. What speaks about the same rounds is not made twice.
"""

from airflow.sdk import dag

from bidui.orchestration import defaults, sign, tasks
from bidui.orchestration.timetables import each_quarter


@dag(
    dag_id="quarter_close",
    dag_display_name="季度汇总",
    schedule=each_quarter(tasks.CLOSED, defaults.policy().profile.time_zone),
    tags=["quarter"],
    access_control=defaults.APPROVER,
    **defaults.dag(__doc__),
)
def quarter_close():
    as_of = tasks.stamp()
    quarter = tasks.quarter(as_of)
    recipes = tasks.recipes("quarter")
    quarter >> recipes
    delivered = tasks.deliver.partial(as_of=as_of).expand(recipe=recipes)
    sign.approvals(delivered)
    delivered >> tasks.quarter_closed(quarter)


quarter_close()
