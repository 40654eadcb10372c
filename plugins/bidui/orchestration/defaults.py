"""What every DAG has in common; a DAG file states only its difference."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet

ARGS: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=20), "owner": "bidui"}
"""A task is tried again: everything that it does is safe to repeat."""

WATCHER = {"Watcher": {"DAGs": {"can_read", "can_edit"}}}
"""Rights of the watcher's login on the DAGs that it starts."""

APPROVER = {"Approver": {"DAGs": {"can_read", "can_edit"}}}
"""Rights of whoever approves on the DAGs that ask: without ``can_edit`` Airflow lets nobody answer."""

LOGINS = "approvers"
"""Airflow variable: contact → id of the login that bears its name; written where logins are made."""


@cache
def policy() -> PolicySet:
    """The policy that the DAG files are laid out by: the parties, what is expected, when the window opens."""
    return load(Path(os.environ["BIDUI_INCLUDE"]), os.environ["BIDUI_PROFILE"])


def dag(doc: str, **own: Any) -> dict[str, Any]:
    """Arguments of a DAG: the common ones and its own. ``doc`` is the file's docstring, shown in the UI."""
    return {
        "default_args": ARGS, "doc_md": doc, "catchup": False, "max_active_tasks": 4,
        "start_date": datetime(2026, 1, 1), **own,  # noqa: DTZ001 - Airflow reads it in its own default zone
    }  # fmt: skip
