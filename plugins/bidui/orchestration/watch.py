"""The watcher: looks at the roads, registers what arrived and starts its run in Airflow.

It runs outside Airflow (``python -m bidui watch``) with the least role that may start ``receive_<party>``. A run that
is already there (409) is as good as one just started, so that nothing is lost or doubled by a restart at any point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bidui.orchestration import clock
from bidui.orchestration.rest import Airflow
from bidui.pipeline import roads
from bidui.pipeline.arrive import Arrival, arrive
from bidui.pipeline.office import Office


def start_run(airflow: Airflow, arrival: Arrival) -> bool:
    """Start the run that receives an arrival; False when it is there already."""
    return airflow.post(f"/dags/receive_{arrival.party}/dagRuns", {
        "dag_run_id": arrival.run_key, "partition_key": arrival.period, "logical_date": None,
        "conf": {"arrival_id": arrival.arrival_id},
    })  # fmt: skip


def look(
    office: Office, start: Callable[[Arrival], bool], seen: dict[Path, tuple[int, int]], say: Callable[[str], None]
) -> int:
    """One look at every road; returns how many arrivals were taken charge of."""
    as_of, taken = clock.now(), 0
    for batch in [*roads.folder(office, seen, as_of), *roads.mails(office, as_of)]:
        for found in batch.files:
            arrival = arrive(office, found.data, found.name, found.origin, found.dataset, as_of)
            start(arrival)
            say(f"{arrival.party}: {arrival.run_key}")
            taken += 1
        if batch.stranger:
            say("mail from an address not on record: set aside")
        roads.take_away(office, batch)
    return taken


def watch(office: Office, airflow: Airflow, every: float, say: Callable[[str], None]) -> None:
    """Look again and again until stopped. A look that fails is said by the class of its fault and tried again."""
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        try:
            look(office, partial(start_run, airflow), seen, say)
        except Exception as fault:  # the watcher outlives a database or server that is away
            say(f"a look failed ({type(fault).__name__}); looking again")
        time.sleep(every)
