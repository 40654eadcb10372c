"""What tasks need is imported once, by the program that they are forked from: importing takes longer than most tasks.

Airflow has to load its plugins at the start for that (``AIRFLOW__CORE__LAZY_LOAD_PLUGINS=False``); else each task
imports for itself, as before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

FORKING = (["scheduler"], ["celery", "worker"])
"""Airflow commands whose processes fork the tasks."""

USE_CASES = ("approve", "compare", "conclude", "deliver", "follow_up", "receive", "restore", "snapshot")


def is_for(arguments: Sequence[str]) -> bool:
    """Whether a program that was started with these arguments forks tasks."""
    return any(list(arguments[1 : len(words) + 1]) == words for words in FORKING)


def preload() -> None:
    """Import the use cases and Great Expectations, and parse the policy's files once.

    Nothing is kept but modules and parsed texts: a task reads the policy as it is then.
    """
    from bidui.policy.loading import load
    from bidui.policy.source import PolicyError
    from bidui.quality import engine

    for name in USE_CASES:
        import_module(f"bidui.pipeline.{name}")
    engine.library()
    with suppress(PolicyError, KeyError):  # a policy that does not load is told by the tasks
        load(Path(os.environ["BIDUI_INCLUDE"]), os.environ["BIDUI_PROFILE"])
