"""
# month_close · 月度比对

比对一个月：等应报数据到齐（或窗口结束），运行全部规则，按户归并线索，开案。数据迟到或更正以后，对同一个月再跑一次。

Compares one month: waits for every expected dataset until the exchange window ends, runs every rule, merges leads by
household and opens cases.

- Scheduled for the opening of the window (the 25th in the hub's time zone, moved to a working day where policy says
  so); the partition key is the month.
- `wait` has one line per expected dataset and takes no worker slot; the lines still deferred are who is missing. A
  dataset that comes in parts is in when every region's part is. A line whose data had not come when the window ended is
  **skipped**, and its label says how much is in.
- A rule whose data are missing or incomplete is **frozen**: absence needs evidence.
- Run it again for the same month after a late or corrected package: what changed makes a new round, nothing else does.
"""

from airflow.sdk import dag

from bidui.orchestration import defaults, tasks
from bidui.orchestration.timetables import MonthlyWindow

profile = defaults.policy().profile


@dag(
    dag_id="month_close",
    dag_display_name="月度比对",
    schedule=MonthlyWindow(
        day=profile.window.opens_day,
        roll_working_day=profile.window.rolls_to_working_day,
        hour=profile.window.hour,
        timezone=profile.time_zone,
    ),
    tags=["month"],
    **defaults.dag(__doc__, max_active_runs=1),
)
def month_close():
    month = tasks.window()
    wait = tasks.WaitForSubmission.partial(
        task_id="wait",
        task_display_name="等待报送",
        hub=profile.id,
        period=month["period"],
        window_end=month["window_end"],
        scopes=month["scopes"],
        poll_seconds=2,
        map_index_template=tasks.LABEL,
    ).expand(dataset=list(profile.expected))
    as_of = tasks.stamp()
    matched = tasks.match(month["period"], as_of)
    found = tasks.rules(month["period"], as_of)
    runs = tasks.compare.partial(period=month["period"], as_of=as_of).expand(rule=found)
    wait >> as_of
    matched >> found
    tasks.conclude(month["period"], as_of, runs)


month_close()
