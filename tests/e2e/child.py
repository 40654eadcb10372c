"""A process to be killed in: ``python -m tests.e2e.child`` does each job that it is told in a process of its own.

Jobs come as JSON lines on stdin: the ``BIDUI_*`` variables and the step. The answer is the exit status on stdout.
What takes seconds to import is imported once, before the first job; each job then runs in a fork, which may die.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from bidui.orchestration import clock
from bidui.pipeline import approve, conclude, deliver, follow_up, need
from bidui.pipeline.arrive import Origin, arrive
from bidui.pipeline.office import Office
from bidui.pipeline.receive import receive
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.quality import engine
from bidui.quality.suite import Expectation, Meta


def take_in(office: Office, now: datetime, file: Path, dataset: str, party: str, contact: str) -> None:
    """A package arrives, is received and answered."""
    origin = Origin("folder", f"{dataset}/{file.name}", party, contact)
    arrival = arrive(office, file.read_bytes(), file.name, origin, dataset, now)
    receive(office, arrival.arrival_id)
    deliver.reply(office, arrival.arrival_id, now)


def close(office: Office, now: datetime, period: str) -> None:
    """The month is compared."""
    conclude.close(office, period, now)


def hand_out(office: Office, now: datetime, period: str) -> None:
    """What the month calls for is delivered; the report is approved by everybody who must, and sent."""
    for errand in deliver.errands(office, "close", period, now):
        deliver.run(office, errand, now)
    while waiting := approve.waiting(office):
        for delivery, _, _, role in waiting:
            approve.ask(office, delivery, now)
            approve.approve(office, delivery, office.policy.profile.approvers[role][0], now)
    follow_up.send_waiting(office, now + timedelta(hours=1))


def answer(office: Office, now: datetime, form: str) -> None:
    """An agency without an agreement asks, is granted what it asked for, and gets it."""
    asked = need.record(office, form, now)
    need.grant(office, asked.need_id, office.policy.profile.approvers["need"][0], now)
    need.serve(office, asked.need_id, now)


STEPS = {"take_in": take_in, "close": close, "hand_out": hand_out, "answer": answer}


@cache
def policy(include: str, profile: str) -> PolicySet:
    """The policy, read once for all jobs under it."""
    return load(Path(include), profile)


def work(job: dict[str, Any], known: PolicySet) -> None:
    """One job, at the time that the hub's clock shows."""
    os.environ.update(job["environment"])
    office = Office.from_environment()
    vars(office)["policy"] = known
    now = clock.read(office.home / clock.FILE)
    given = {key: Path(value) if key == "file" else value for key, value in job["given"].items()}
    STEPS[job["step"]](office, now, **given)


def warm_up() -> None:
    """Let Great Expectations judge something: its import and its first judgement take seconds."""
    meta = Meta(rule="warm", issue="required_missing", effect="note", title="")
    stated = Expectation(
        type="expect_column_values_to_not_be_null", kwargs={"column": "a"}, severity="warning", meta=meta
    )
    engine.run(pd.DataFrame({"a": [1], engine.ROW: [1]}), [stated], {})


def main() -> None:
    """Fork for each line; say how the fork ended (negative: the signal that killed it)."""
    warm_up()
    for line in sys.stdin:
        job = json.loads(line)
        known = policy(job["environment"]["BIDUI_INCLUDE"], job["environment"]["BIDUI_PROFILE"])
        child = os.fork()
        if not child:
            try:
                work(job, known)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
