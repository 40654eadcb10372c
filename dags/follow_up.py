"""
# follow_up · 督办

每天一次：发出已批准的，重发邮件服务器暂时不收的，提醒逾期的。

Every day: sends what has been approved, tries again what a mail server refused for now, and reminds whoever is overdue.

- The partition key is the day.
- Nothing is sent twice: a mail that a server has taken is done.
"""

from airflow.sdk import dag

from bidui.orchestration import defaults, tasks
from bidui.orchestration.timetables import DailyTick

profile = defaults.policy().profile


@dag(
    dag_id="follow_up",
    dag_display_name="督办",
    schedule=DailyTick(hour=profile.window.hour, timezone=profile.time_zone),
    tags=["daily"],
    **defaults.dag(__doc__),
)
def follow_up():
    as_of = tasks.stamp()
    tasks.send_waiting(as_of) >> tasks.remind(as_of)


follow_up()
