"""When the DAGs run: once a month (when the window opens, or on the day of the call for data), a quarter, or a day.

Every run carries its partition key (the period ``2026-11``, or the day ``2026-11-25``), so that a re-run, a
backfill and a late run all say which month or day they mean. Ticks are local time and move on to a working
day where the profile says so, by the holidays in ``include/dictionary/holidays.csv``; a year not yet
published has its weekends only.

Under the simulated clock (``BIDUI_SIMULATED=1``) no run is scheduled; the demo triggers every run from
outside. A paused DAG would not do: it leaves triggered runs queued and loses asset events. Set the variable
alike in all components and before the database is born: a change from 0 to 1 still lets one run through
that was already computed.

A DAG file gives day, hour and rolling as arguments. Parsing reads one small CSV at most.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow.exceptions import AirflowTimetableInvalid, InvalidPartitionKeyError
from airflow.sdk import Asset, PartitionedAssetTimetable, QuarterWindow, RollupMapper, StartOfQuarterMapper
from airflow.sdk.timezone import coerce_datetime
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable

from bidui.domain.period import Period, PeriodError
from bidui.domain.working_days import WorkingCalendar
from bidui.orchestration import clock
from bidui.policy import working_calendar


def each_quarter(month_closed: Asset, timezone: str) -> PartitionedAssetTimetable:
    """A run for each quarter, ``2026-Q4``, once all its months have been said to be closed, in whatever order."""
    quarter = StartOfQuarterMapper(input_format="%Y-%m", timezone=timezone)
    rolled_up = RollupMapper(upstream_mapper=quarter, window=QuarterWindow())
    return PartitionedAssetTimetable(assets=month_closed, default_partition_mapper=rolled_up)


@cache
def _calendar() -> WorkingCalendar:
    include = os.environ.get("BIDUI_INCLUDE")
    return working_calendar.read(Path(include) if include else Path(__file__).resolve().parents[3] / "include")


class _Ticks(Timetable):
    """Ticks numbered by slots; a slot is the first day of the partition that its run is about."""

    partitioned = True
    grace = timedelta()
    """A DAG that has never run still runs a tick that it missed by less than this."""
    _chinese: str
    _english: str

    def __init__(self, hour: int, minute: int, timezone: str) -> None:
        self.hour, self.minute, self.timezone = hour, minute, timezone

    # What a subclass says of its slots.

    @abstractmethod
    def _slot(self, day: date) -> date:
        """The slot that ``day`` lies in."""

    @abstractmethod
    def _after(self, slot: date, steps: int = 1) -> date:
        """The slot ``steps`` later (negative: earlier)."""

    @abstractmethod
    def _day(self, slot: date) -> date:
        """The day on which the run about ``slot`` begins; never before the slot."""

    @abstractmethod
    def _key(self, slot: date) -> str:
        """The partition key of ``slot``."""

    @abstractmethod
    def _slot_of_key(self, key: str) -> date:
        """The slot that ``key`` names; InvalidPartitionKeyError when it names none."""

    # What Airflow asks.

    @property
    def summary(self) -> str:
        """What the DAG list shows: short, since it shows two lines at most."""
        return f"模拟时钟（原为{self._chinese}）" if clock.simulated() else self._chinese

    @property
    def description(self) -> str:
        """The same in both languages, where Airflow shows a sentence."""
        if clock.simulated():
            return f"模拟时钟：由外部触发（原为{self._chinese}） · triggered from outside (else {self._english})"
        return f"{self._chinese} · {self._english}"

    def validate(self) -> None:
        """Refuse arguments that name no time of day or no time zone."""
        if not (0 <= self.hour <= 23 and 0 <= self.minute <= 59):
            raise AirflowTimetableInvalid("hour must be 0..23 and minute 0..59")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise AirflowTimetableInvalid("timezone must be an IANA name such as Asia/Shanghai") from None

    def serialize(self) -> dict[str, Any]:
        """The arguments, as JSON."""
        return {"hour": self.hour, "minute": self.minute, "timezone": self.timezone}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """The timetable that ``serialize`` described."""
        return cls(**data)

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next run, or None under the simulated clock."""
        if clock.simulated():
            return None
        # The scheduler's own question about its own time; what a run takes as its time is `clock`'s affair.
        return self.next_info(last_dagrun_info, restriction, clock.now())

    def next_info(self, last: DagRunInfo | None, restriction: TimeRestriction, now: datetime) -> DagRunInfo | None:
        """The next run as seen at ``now``. Without catch-up, of several missed ticks only the last is run."""
        slot = self._next_slot(last, restriction, now)
        if slot is None:
            return None
        info = self._info(slot)
        return None if restriction.latest is not None and info.run_after > restriction.latest else info

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """The runs of a backfill: every slot that begins in ``[earliest, latest]``, read as local dates."""
        first, last = self.localize_partition_datetime(earliest), self.localize_partition_datetime(latest)
        slot = self._slot(first.astimezone(ZoneInfo(self.timezone)).date())
        while (begins := self._at(slot, time())) <= last:
            if begins >= first:
                yield self._info(slot)
            slot = self._after(slot)

    def localize_partition_datetime(self, dt: datetime) -> Any:
        """A bound that a person gave, whose digits mean local time."""
        return coerce_datetime(dt.replace(tzinfo=ZoneInfo(self.timezone)))

    def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
        """A run triggered by hand has no interval; its partition key says what it is about."""
        return DataInterval.exact(run_after)

    def generate_run_id(self, *, run_type: Any, run_after: Any, data_interval: Any, **extra: Any) -> str:
        """The run's id names its partition first, because that is what people look for."""
        key = extra.get("partition_key")
        return str(run_type.generate_run_id(suffix=f"{key}__{run_after.isoformat()}" if key else run_after.isoformat()))

    def _decode_partition_date(self, partition_key: str) -> datetime:
        return self._at(self._slot_of_key(partition_key), time())

    # Arithmetic of slots.

    def _at(self, day: date, at: time) -> Any:
        return coerce_datetime(datetime.combine(day, at, ZoneInfo(self.timezone)))

    def _info(self, slot: date) -> DagRunInfo:
        return DagRunInfo(
            run_after=self._at(self._day(slot), time(self.hour, self.minute)),
            data_interval=None,
            partition_date=self._at(slot, time()),
            partition_key=self._key(slot),
        )

    def _next_slot(self, last: DagRunInfo | None, restriction: TimeRestriction, now: datetime) -> date | None:
        following = self._after(self._slot_of_run(last)) if last is not None else None
        first = None if restriction.earliest is None else self._first_from(restriction.earliest)
        if restriction.catchup:
            return following or first
        if following is None:
            following = self._first_from(now - self.grace)
        missed = self._after(self._first_from(now + timedelta.resolution), -1)
        return max(slot for slot in (following, missed if last is not None else None, first) if slot is not None)

    def _slot_of_run(self, info: DagRunInfo) -> date:
        if info.partition_key:
            return self._slot_of_key(info.partition_key)
        return self._slot(info.run_after.astimezone(ZoneInfo(self.timezone)).date())

    def _first_from(self, instant: datetime) -> date:
        """The first slot whose run is not before ``instant``."""
        slot = self._after(self._slot(instant.astimezone(ZoneInfo(self.timezone)).date()), -1)
        while self._info(slot).run_after < instant:
            slot = self._after(slot)
        return slot


class MonthlyWindow(_Ticks):
    """One run a month, about that month: on ``day`` at ``hour``, moved on to a working day when told so.

    The key stays the month of the nominal day, even when the run itself rolls into the next one. A ``day``
    that a month does not have is its last day.
    """

    grace = timedelta(days=2)

    def __init__(
        self,
        day: int = 25,
        roll_working_day: bool = True,
        hour: int = 8,
        minute: int = 0,
        timezone: str = "Asia/Shanghai",
    ) -> None:
        super().__init__(hour, minute, timezone)
        self.day, self.roll_working_day = day, roll_working_day
        at = f"{hour:02}:{minute:02}"
        self._chinese = f"每月{day}日{at}" + ("，遇休顺延" if roll_working_day else "")
        self._english = f"monthly, day {day} at {at}" + (", moved on to a working day" if roll_working_day else "")

    def validate(self) -> None:
        """Also refuse a day that no month has, and rolling without a calendar of holidays."""
        super().validate()
        if not 1 <= self.day <= 31:
            raise AirflowTimetableInvalid("day must be 1..31")
        if self.roll_working_day:
            _require_calendar()

    def serialize(self) -> dict[str, Any]:
        """The arguments, as JSON."""
        return {**super().serialize(), "day": self.day, "roll_working_day": self.roll_working_day}

    def _slot(self, day: date) -> date:
        return day.replace(day=1)

    def _after(self, slot: date, steps: int = 1) -> date:
        return Period.month_of(slot).shift(steps).first_day

    def _day(self, slot: date) -> date:
        day = slot.replace(day=min(self.day, monthrange(slot.year, slot.month)[1]))
        return _calendar().roll_forward(day) if self.roll_working_day else day

    def _key(self, slot: date) -> str:
        return str(Period.month_of(slot))

    def _slot_of_key(self, key: str) -> date:
        try:
            period = Period.parse(key)
        except PeriodError:
            period = None
        if period is None or period.months != 1:
            raise InvalidPartitionKeyError("period must be YYYY-MM")
        return period.first_day


class DailyTick(_Ticks):
    """One run a day, about that day; only on working days when told so."""

    def __init__(
        self, hour: int = 8, minute: int = 0, working_days_only: bool = False, timezone: str = "Asia/Shanghai"
    ) -> None:
        super().__init__(hour, minute, timezone)
        self.working_days_only = working_days_only
        at = f"{hour:02}:{minute:02}"
        self._chinese = f"{'每个工作日' if working_days_only else '每天'}{at}"
        self._english = f"every {'working ' if working_days_only else ''}day at {at}"

    def validate(self) -> None:
        """Also refuse working days without a calendar of holidays."""
        super().validate()
        if self.working_days_only:
            _require_calendar()

    def serialize(self) -> dict[str, Any]:
        """The arguments, as JSON."""
        return {**super().serialize(), "working_days_only": self.working_days_only}

    def _slot(self, day: date) -> date:
        return _calendar().roll_forward(day) if self.working_days_only else day

    def _after(self, slot: date, steps: int = 1) -> date:
        if self.working_days_only:
            return _calendar().add_working_days(slot, steps)
        return slot + timedelta(days=steps)

    def _day(self, slot: date) -> date:
        return slot

    def _key(self, slot: date) -> str:
        return slot.isoformat()

    def _slot_of_key(self, key: str) -> date:
        try:
            day = date.fromisoformat(key)
        except ValueError:
            day = None
        if day is None or day.isoformat() != key:
            raise InvalidPartitionKeyError("day must be YYYY-MM-DD")
        return day


def _require_calendar() -> None:
    try:
        _calendar()
    except ValueError as error:
        raise AirflowTimetableInvalid(f"the calendar of holidays cannot be read: {error}") from None
