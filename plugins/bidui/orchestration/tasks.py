"""The tasks: one sentence and one call each. Between tasks travel ids, counts and times; nothing else.

Use cases are imported inside the bodies, so that a DAG file parses without pandas.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time
from typing import Any

from airflow.sdk import Asset, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from bidui.orchestration import clock
from bidui.orchestration.waits import LABEL, WaitForSubmission

CLOSED = Asset("month_closed", uri="bidui://month/closed")
"""A month has been compared; its partition key is the month."""

__all__ = ["CLOSED", "LABEL", "WaitForSubmission"]


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
@task(task_display_name="核对到达")
def admit() -> str:
    """The arrival that this run is about."""
    _period()
    arrival = _conf().get("arrival_id")
    if not arrival:
        raise AirflowFailException("this run needs conf.arrival_id: it is started by `bidui watch`")
    return str(arrival)


@task(task_display_name="接收入库或退回")
def receive(arrival: str) -> dict[str, Any]:
    """Open, read, check and settle the package, or refuse it: one transaction."""
    from bidui.pipeline.receive import receive as use_case

    found = asdict(use_case(_office(), arrival))
    return {name: found[name] for name in ("arrival_id", "outcome", "reason", "dataset", "period", "scope", "facts")}


@task(task_display_name="回复报送单位")
def reply(received: dict[str, Any]) -> int:
    """Send the sender a receipt, or the refusal with its issue workbook."""
    from bidui.pipeline import deliver
    from bidui.store.ledger import arrived_at

    office = _office()
    sent = deliver.reply(office, received["arrival_id"], arrived_at(office.database, received["arrival_id"]))
    return sum(s.accepted for s in sent)


@task(task_display_name="结论（退回即失败）")
def verdict(received: dict[str, Any], replied: int) -> str:
    """Show a refusal as a failed run, so that the grid says who has to send again."""
    if received["outcome"] == "refused":
        raise AirflowFailException(f"refused: {received['reason']}; {replied} mail(s) sent")
    return str(received["outcome"])


# --- month_close -------------------------------------------------------------------------------------------------
@task(task_display_name="开月")
def open_month() -> dict[str, str]:
    """The month and the end of its window."""
    from bidui.domain.period import Period
    from bidui.pipeline.arrive import window_of

    period, office = _period(), _office()
    closes = window_of(office, Period.parse(period))[1]
    return {"period": period, "window_end": datetime.combine(closes, time(23, 59, 59), office.zone).isoformat()}


@task(task_display_name="定截至时间")
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
def recipes() -> list[str]:
    """The recipes that a closed month calls for."""
    return [r.id for r in _office().policy.recipes.values() if r.when == "close"]


@task(task_display_name="逐项交付", map_index_template="{{ recipe_label }}")
def deliver(recipe: str, as_of: str) -> dict[str, int]:
    """Prepare the recipe for each of its recipients and send what needs no approval."""
    from bidui.pipeline import deliver as use_case

    get_current_context()["recipe_label"] = recipe
    office, moment = _office(), datetime.fromisoformat(as_of)
    errands = [e for e in use_case.errands_of_close(office, _period(), moment) if e.recipe == recipe]
    sent = [s for e in errands if (s := use_case.run(office, e, moment))]
    return {
        "deliveries": len(sent),
        "mails": sum(s.accepted for s in sent),
        "awaiting": sum(bool(s.awaiting) for s in sent),
    }


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
