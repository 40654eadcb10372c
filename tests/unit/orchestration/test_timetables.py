"""Timetables, stepped: when they tick, what they call it, and when they keep quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from airflow.exceptions import AirflowTimetableInvalid, InvalidPartitionKeyError
from airflow.sdk import Asset
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction

from bidui.domain.period import Period
from bidui.orchestration import timetables
from bidui.orchestration.timetables import DailyTick, MonthlyWindow, each_quarter

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOUNDLESS = TimeRestriction(earliest=None, latest=None, catchup=False)


@pytest.fixture(autouse=True)
def _real_clock(monkeypatch):
    monkeypatch.delenv("BIDUI_SIMULATED", raising=False)
    monkeypatch.delenv("BIDUI_INCLUDE", raising=False)


def at(text: str) -> datetime:
    """A local time, for example ``2026-10-25 08:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def local(info) -> str:
    return info.run_after.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def ticks(timetable, start: str, count: int, *, earliest: str | None = None):
    """The next ``count`` runs, each asked for at the moment when the one before it has begun."""
    restriction = TimeRestriction(earliest and at(earliest), None, catchup=False)
    info, now = None, at(start)
    for _ in range(count):
        info = timetable.next_info(info, restriction, now)
        now = max(now, info.run_after)
        yield info


def test_two_years_of_windows():
    runs = list(ticks(MonthlyWindow(), "2025-12-26 09:00", 24))
    assert {info.partition_key: local(info) for info in runs} == {
        "2025-12": "2025-12-25 08:00",  # missed by a day: run at once
        "2026-01": "2026-01-26 08:00",  # Sunday
        "2026-02": "2026-02-25 08:00",
        "2026-03": "2026-03-25 08:00",
        "2026-04": "2026-04-27 08:00",  # Saturday
        "2026-05": "2026-05-25 08:00",
        "2026-06": "2026-06-25 08:00",
        "2026-07": "2026-07-27 08:00",  # Saturday
        "2026-08": "2026-08-25 08:00",
        "2026-09": "2026-09-28 08:00",  # Mid-autumn, then the weekend
        "2026-10": "2026-10-26 08:00",  # Sunday
        "2026-11": "2026-11-25 08:00",
        "2026-12": "2026-12-25 08:00",
        "2027-01": "2027-01-25 08:00",  # 2027 is not published: weekends only
        "2027-02": "2027-02-25 08:00",
        "2027-03": "2027-03-25 08:00",
        "2027-04": "2027-04-26 08:00",  # Sunday
        "2027-05": "2027-05-25 08:00",
        "2027-06": "2027-06-25 08:00",
        "2027-07": "2027-07-26 08:00",  # Sunday
        "2027-08": "2027-08-25 08:00",
        "2027-09": "2027-09-27 08:00",  # Saturday
        "2027-10": "2027-10-25 08:00",
        "2027-11": "2027-11-25 08:00",
    }


def test_the_call_for_data_goes_out_before_the_window_opens():
    runs = list(ticks(MonthlyWindow(day=20), "2026-02-01 09:00", 4))
    assert [(i.partition_key, local(i)) for i in runs] == [
        ("2026-02", "2026-02-24 08:00"),  # Spring Festival; the window opens on the 25th
        ("2026-03", "2026-03-20 08:00"),
        ("2026-04", "2026-04-20 08:00"),
        ("2026-05", "2026-05-20 08:00"),
    ]
    assert MonthlyWindow(day=20).summary == "每月20日08:00，遇休顺延"


def test_a_window_that_does_not_roll():
    infos = ticks(MonthlyWindow(day=25, roll_working_day=False, hour=9, minute=30), "2026-10-01 00:00", 2)
    assert [local(i) for i in infos] == ["2026-10-25 09:30", "2026-11-25 09:30"]


def test_a_day_that_a_month_lacks_is_its_last_and_keeps_its_month():
    infos = list(ticks(MonthlyWindow(day=31), "2026-01-20 00:00", 3))
    assert [(i.partition_key, local(i)) for i in infos] == [
        ("2026-01", "2026-02-02 08:00"),  # Saturday the 31st, worked next month
        ("2026-02", "2026-02-28 08:00"),  # a make-up workday
        ("2026-03", "2026-03-31 08:00"),
    ]


def test_the_partition_date_is_the_first_of_the_month():
    (info,) = ticks(MonthlyWindow(), "2026-10-01 00:00", 1)
    assert info.partition_date == at("2026-10-01 00:00")
    assert info.data_interval is None
    assert MonthlyWindow().resolve_partition_date("2026-10") == info.partition_date


@pytest.mark.parametrize(
    ("now", "key"),
    [
        ("2026-10-26 07:59", "2026-10"),
        ("2026-10-28 07:59", "2026-10"),  # missed, but by less than two days
        ("2026-10-28 08:01", "2026-11"),  # a new hub does not close a month that nobody worked
    ],
)
def test_the_first_run_ever(now, key):
    assert MonthlyWindow().next_info(None, BOUNDLESS, at(now)).partition_key == key


@pytest.mark.parametrize(
    ("now", "key"),
    [
        ("2026-10-27 00:00", "2026-11"),
        ("2026-11-25 08:00", "2026-11"),
        ("2026-12-20 00:00", "2026-11"),  # switched off over the window: late, not lost
        ("2027-01-28 00:00", "2027-01"),  # of three missed, only the last
    ],
)
def test_after_october(now, key):
    october = MonthlyWindow().next_info(None, BOUNDLESS, at("2026-10-25 00:00"))
    assert MonthlyWindow().next_info(october, BOUNDLESS, at(now)).partition_key == key


def test_catching_up_leaves_no_month_out():
    restriction = TimeRestriction(at("2026-08-01 00:00"), at("2026-11-01 00:00"), catchup=True)
    keys, info = [], None
    while info := MonthlyWindow().next_info(info, restriction, at("2027-06-01 00:00")):
        keys.append(info.partition_key)
    assert keys == ["2026-08", "2026-09", "2026-10"]


def test_nothing_before_the_start_date():
    assert next(ticks(MonthlyWindow(), "2026-10-01 00:00", 1, earliest="2027-01-01 00:00")).partition_key == "2027-01"


def test_a_backfill_takes_every_month_that_begins_in_it():
    found = MonthlyWindow().iter_partition_dagrun_infos(
        earliest=datetime(2026, 9, 2, tzinfo=UTC), latest=datetime(2026, 11, 1, tzinfo=UTC)
    )
    assert [(i.partition_key, local(i)) for i in found] == [
        ("2026-10", "2026-10-26 08:00"),
        ("2026-11", "2026-11-25 08:00"),
    ]


@pytest.mark.parametrize("key", ["2026-13", "2026-1", "2026-Q4", "2026", "november", "2026-11-25", "2026-11 "])
def test_a_bad_period_is_refused(key):
    with pytest.raises(InvalidPartitionKeyError, match="^period must be YYYY-MM$"):
        MonthlyWindow().resolve_partition_date(key)


@pytest.mark.parametrize("key", ["2026-02-30", "2026-11", "20261125", "2026-W48-3", "today"])
def test_a_bad_day_is_refused(key):
    with pytest.raises(InvalidPartitionKeyError, match="^day must be YYYY-MM-DD$"):
        DailyTick().resolve_partition_date(key)


@pytest.fixture
def rolled_up():
    """The roll-up as the scheduler reads it."""
    month_closed = Asset("month_closed", uri="bidui://month/closed")
    timetable = decode_timetable(encode_timetable(each_quarter(month_closed, "Asia/Shanghai")))
    return timetable.get_partition_mapper(name=month_closed.name, uri=month_closed.uri)


@pytest.mark.parametrize(
    ("month", "quarter"),
    [("2026-09", "2026-Q3"), ("2026-10", "2026-Q4"), ("2026-12", "2026-Q4"), ("2027-01", "2027-Q1")],
)
def test_a_month_counts_for_its_quarter(rolled_up, month, quarter):
    assert rolled_up.to_downstream(month) == quarter


@pytest.mark.parametrize("quarter", ["2026-Q4", "2027-Q1"])
def test_a_quarter_waits_for_its_three_months(rolled_up, quarter):
    assert set(rolled_up.to_upstream(quarter)) == {str(month) for month in Period.parse(quarter).each_month()}


def test_every_day():
    infos = list(ticks(DailyTick(hour=7), "2026-11-20 08:00", 4))
    assert [i.partition_key for i in infos] == ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24"]
    assert all(b.run_after - a.run_after == timedelta(days=1) for a, b in pairwise(infos))


def test_every_working_day():
    infos = ticks(DailyTick(hour=7, working_days_only=True), "2026-10-09 06:00", 3)
    assert [local(i) for i in infos] == [
        "2026-10-09 07:00",
        "2026-10-10 07:00",
        "2026-10-12 07:00",
    ]


@pytest.mark.parametrize("timetable", [MonthlyWindow(), DailyTick()], ids=lambda t: type(t).__name__)
def test_under_the_simulated_clock_it_is_quiet_and_says_so(monkeypatch, timetable):
    assert timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=BOUNDLESS) is not None
    assert "模拟" not in timetable.summary
    monkeypatch.setenv("BIDUI_SIMULATED", "1")
    assert timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=BOUNDLESS) is None
    assert timetable.summary.startswith("模拟时钟（原为每")
    assert "triggered from outside" in timetable.description


@pytest.mark.parametrize("simulated", ["0", "1"])
def test_the_summary_is_short_enough_for_the_list(monkeypatch, simulated):
    monkeypatch.setenv("BIDUI_SIMULATED", simulated)
    assert all(len(t.summary) <= 30 for t in (MonthlyWindow(), MonthlyWindow(day=20), DailyTick()))


def test_quiet_or_not_a_key_is_still_understood(monkeypatch):
    monkeypatch.setenv("BIDUI_SIMULATED", "1")
    assert MonthlyWindow().resolve_partition_date("2026-11") == at("2026-11-01 00:00")


def test_the_description_is_in_both_languages():
    assert MonthlyWindow().description == (
        "每月25日08:00，遇休顺延 · monthly, day 25 at 08:00, moved on to a working day"
    )
    assert DailyTick(working_days_only=True).description == "每个工作日08:00 · every working day at 08:00"


@pytest.mark.parametrize(
    "timetable",
    [
        MonthlyWindow(day=24, roll_working_day=False, hour=9, minute=5, timezone="Asia/Urumqi"),
        DailyTick(hour=6, minute=1, working_days_only=True),
    ],
    ids=lambda t: type(t).__name__,
)
def test_round_trip(timetable):
    again = type(timetable).deserialize(timetable.serialize())
    assert vars(again) == vars(timetable)


@pytest.mark.parametrize(
    "timetable",
    [
        MonthlyWindow(day=0),
        MonthlyWindow(day=32),
        MonthlyWindow(hour=24),
        DailyTick(minute=60),
        DailyTick(timezone="Mars"),
    ],
)
def test_impossible_arguments_are_refused(timetable):
    with pytest.raises(AirflowTimetableInvalid):
        timetable.validate()


def test_rolling_needs_a_calendar(monkeypatch, tmp_path):
    timetables._calendar.cache_clear()
    monkeypatch.setenv("BIDUI_INCLUDE", str(tmp_path))
    try:
        with pytest.raises(AirflowTimetableInvalid, match=r"dictionary/holidays\.csv"):
            MonthlyWindow().validate()
    finally:
        timetables._calendar.cache_clear()
