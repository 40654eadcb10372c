"""
# month_open · 月初部署

每月窗口打开之前，给每个应报单位（部门、各乡镇、本中心）发一份数据报送通知：报什么、什么时候报、怎样加密、有事问谁。

Opens a month: everybody who gives data (agencies, each town, the hub's own exporter) is called upon for them before the
exchange window opens: which datasets, by when, how sealed, as of which day, and whom to ask.

- Scheduled some days before the window (the 20th in the hub's time zone, moved to a working day where policy says so);
  the partition key is the month.
- Each party gets one call a month: run it again and nothing is sent twice, but who has joined since gets theirs.
"""

from airflow.sdk import dag

from bidui.orchestration import defaults, tasks
from bidui.orchestration.timetables import MonthlyWindow

profile = defaults.policy().profile


@dag(
    dag_id="month_open",
    dag_display_name="月初部署",
    schedule=MonthlyWindow(
        day=profile.window.calls_day,
        roll_working_day=profile.window.rolls_to_working_day,
        hour=profile.window.hour,
        timezone=profile.time_zone,
    ),
    tags=["month"],
    **defaults.dag(__doc__),
)
def month_open():
    as_of = tasks.stamp()
    tasks.deliver.partial(as_of=as_of).expand(recipe=tasks.recipes("open"))


month_open()
