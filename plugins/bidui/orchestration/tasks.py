"""The tasks: one sentence and one call each. Between tasks travel ids, counts and times; nothing else.

Use cases are imported inside the bodies, so that a DAG file parses without pandas.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, time
from typing import Any

from airflow.sdk import Asset, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from bidui.orchestration import clock
from bidui.orchestration.rest import MONTH_CLOSED
from bidui.orchestration.waits import LABEL, WaitForSubmission

CLOSED = Asset("month_closed", uri=MONTH_CLOSED)
"""A month has been compared; its partition key is the month."""

QUARTER_CLOSED = Asset("quarter_closed", uri="bidui://quarter/closed")
"""A quarter has been summed up; its partition key is the quarter."""

SNAPSHOT_TAKEN = Asset("snapshot_taken", uri="bidui://snapshot/taken")
"""A snapshot is there; its partition key is the period that it was taken for."""

__all__ = ["CLOSED", "LABEL", "QUARTER_CLOSED", "SNAPSHOT_TAKEN", "WaitForSubmission"]


def _office() -> Any:
    from bidui.pipeline.office import Office

    return Office.from_environment()


def _period() -> str:
    """The run's partition key; a run without one is a mistake that no retry mends."""
    key = get_current_context()["dag_run"].partition_key
    if not key:
        raise AirflowFailException("this run needs a partition key (the period), such as 2026-11")
    return str(key)


def _conf() -> dict[str, Any]:
    return dict(get_current_context()["dag_run"].conf or {})


# --- receive_<party> ---------------------------------------------------------------------------------------------
@task(task_display_name="接收入库或退回")
def receive() -> dict[str, Any]:
    """Open, read, check and settle the package that this run is about, or refuse it: one transaction."""
    from bidui.pipeline.receive import receive as use_case

    _period()
    arrival = _conf().get("arrival_id")
    if not arrival:
        raise AirflowFailException("this run needs conf.arrival_id: it is started by `bidui watch`")
    found = asdict(use_case(_office(), str(arrival)))
    return {name: found[name] for name in ("arrival_id", "outcome", "reason", "dataset", "period", "scope", "facts")}


@task(task_display_name="回复报送单位（退回即失败）")
def reply(received: dict[str, Any]) -> int:
    """Send the sender a receipt, or the refusal with its issue workbook; a refusal then ends the run failed."""
    from bidui.pipeline import deliver
    from bidui.store.ledger import arrived_at

    office = _office()
    sent = deliver.reply(office, received["arrival_id"], arrived_at(office.database, received["arrival_id"]))
    mails = sum(s.accepted for s in sent)
    if received["outcome"] == "refused":
        raise AirflowFailException(f"refused: {received['reason']}; {mails} mail(s) sent")
    return mails


# --- month_close -------------------------------------------------------------------------------------------------
@task(task_display_name="交换窗口")
def window() -> dict[str, Any]:
    """The month, the end of its window, and the regions that each hand in a part of a dataset."""
    from bidui.domain.period import Period
    from bidui.pipeline.arrive import scopes_of, window_of

    period, office = _period(), _office()
    month = Period.parse(period)
    closes = datetime.combine(window_of(office, month)[1], time(23, 59, 59), office.zone)
    return {"period": period, "window_end": closes.isoformat(), "scopes": scopes_of(office, month)}


@task(task_display_name="定截至时间", trigger_rule="none_failed")
def stamp() -> str:
    """The time as of which everything after the wait works; clearing a later task keeps it."""
    return clock.as_of(_conf()).isoformat()


@task(task_display_name="再认疑似对应")
def match(period: str, as_of: str) -> int:
    """Look once more for the persons whom unsettled rows may mean."""
    from bidui.pipeline.compare import match as use_case

    return use_case(_office(), period, datetime.fromisoformat(as_of))


@task(task_display_name="列出规则")
def rules(period: str, as_of: str) -> list[dict[str, Any]]:
    """Every rule to run, with the datasets that it is bound to."""
    from bidui.pipeline.compare import tasks

    return [asdict(found) for found in tasks(_office(), period, datetime.fromisoformat(as_of))]


@task(task_display_name="逐条规则比对", map_index_template="{{ rule_label }}")
def compare(rule: dict[str, Any], period: str, as_of: str) -> dict[str, Any]:
    """Run one rule; a rule without its data is frozen, not failed."""
    from bidui.pipeline.compare import Task
    from bidui.pipeline.compare import compare as use_case

    asked = Task(**rule)
    get_current_context()["rule_label"] = asked.label
    return asdict(use_case(_office(), period, datetime.fromisoformat(as_of), asked))


@task(task_display_name="归并线索、开案", outlets=[CLOSED])
def conclude(period: str, as_of: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Make the round: leads by household, cases, what agrees again; then say that the month is closed."""
    from bidui.pipeline.conclude import conclude as use_case

    return asdict(use_case(_office(), period, datetime.fromisoformat(as_of), [run["run_id"] for run in runs]))


# --- deliver -----------------------------------------------------------------------------------------------------
@task(task_display_name="列出交付")
def recipes(when: str = "close") -> list[str]:
    """The recipes that a moment (``open``, ``close``, ``quarter``) calls for."""
    return [r.id for r in _office().policy.recipes.values() if r.when == when]


@task(task_display_name="逐项交付", map_index_template="{{ recipe_label }}")
def deliver(recipe: str, as_of: str) -> dict[str, Any]:
    """Prepare the recipe for each of its recipients and send what needs no approval."""
    from bidui.pipeline import deliver as use_case

    get_current_context()["recipe_label"] = recipe
    office, moment = _office(), datetime.fromisoformat(as_of)
    called = use_case.errands(office, office.policy.recipes[recipe].when, _period(), moment)
    errands = [e for e in called if e.recipe == recipe]
    sent = [(e, s) for e in errands if (s := use_case.run(office, e, moment))]
    return {
        "deliveries": len(sent),
        "mails": sum(s.accepted for _, s in sent),
        "awaiting": [
            {"delivery": s.delivery_id, "label": f"{recipe} {e.recipient}"} for e, s in sent if s.awaiting
        ],
    }  # fmt: skip


@task(task_display_name="列出待审")
def awaiting(delivered: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """The deliveries that wait for somebody's approval."""
    return [asked for found in delivered for asked in found["awaiting"]]


@task(task_display_name="批准后发出", map_index_template="{{ delivery_label }}")
def send_approved(asked: dict[str, str]) -> dict[str, int]:
    """Send what has every approval now; what is not as it was approved does not leave."""
    from bidui.pipeline.send import NotAsApproved, send

    get_current_context()["delivery_label"] = asked["label"]
    try:
        sent = send(_office(), asked["delivery"], clock.now())
    except NotAsApproved as difference:
        raise AirflowFailException(str(difference)) from None
    return {"mails": sent.accepted, "failed": sent.failed}


# --- quarter_close -----------------------------------------------------------------------------------------------
@task(task_display_name="核对各月")
def quarter(as_of: str) -> str:
    """The quarter; a month of it that is not compared fails the run for good, since no retry mends it."""
    from bidui.pipeline.deliver import NotClosed, rounds_of

    period = _period()
    try:
        rounds_of(_office(), period, datetime.fromisoformat(as_of))
    except NotClosed as missing:
        raise AirflowFailException(str(missing)) from None
    return period


@task(task_display_name="季度汇总完成", outlets=[QUARTER_CLOSED])
def quarter_closed(period: str) -> str:
    """Say that the quarter is summed up."""
    return period


# --- follow_up ---------------------------------------------------------------------------------------------------
@task(task_display_name="发出已批准的")
def send_waiting(as_of: str) -> dict[str, int]:
    """Send what has been approved and what a mail server refused for now."""
    from bidui.pipeline.follow_up import send_waiting as use_case

    return asdict(use_case(_office(), datetime.fromisoformat(as_of)))


@task(task_display_name="提醒逾期")
def remind(as_of: str) -> int:
    """Remind whoever is overdue."""
    from bidui.pipeline.follow_up import remind as use_case

    return use_case(_office(), datetime.fromisoformat(as_of))


# --- snapshot, restore_drill -------------------------------------------------------------------------------------
@task(task_display_name="备份", outlets=[SNAPSHOT_TAKEN])
def snapshot(as_of: str) -> dict[str, Any]:
    """Take the period's snapshot: database, roles and vault, sealed to two keys."""
    from bidui.pipeline.snapshot import take

    made = take(_office(), _period(), datetime.fromisoformat(as_of))
    return {
        name: getattr(made, name) for name in ("snapshot_id", "manifest_hash", "bytes", "tables", "rows", "objects")
    }


@task(task_display_name="恢复演练")
def drill(as_of: str) -> dict[str, Any]:
    """Restore the period's newest snapshot on the drill's server and compare all of it."""
    from bidui.pipeline.restore import drill as use_case

    done = use_case(_office(), datetime.fromisoformat(as_of), period=_period())
    if done.differences:
        raise AirflowFailException(f"{done.snapshot_id}: {len(done.differences)} differences: see core.restore_drill")
    return {name: getattr(done, name) for name in ("snapshot_id", "seconds", "tables", "rows", "objects")}
