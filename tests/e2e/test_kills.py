"""A process killed at any point loses and doubles nothing: whoever runs it again ends where an undisturbed run ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from bidui.orchestration import clock
from bidui.store.failpoints import VARIABLE
from bidui.synth import make
from demo.office import REPOSITORY
from demo.services.postgres import Postgres
from tests.e2e.county import PERIODS, County, copy_database, digests

pytestmark = pytest.mark.slow

PERIOD = PERIODS[0]
REGISTER = "hub.alleviated_person"
ROSTER = "insurance_med.enrolment_roster"
KEPT = ("vault", "post")
"""Folders of a hub that its steps write to."""

# Every place, in a job that reaches it.
PLACES = [
    *(("the roster comes in", place) for place in (
        "arrive.kept", "arrive.registered", "receive.begun", "settle.rows", "receive.before_commit",
        "receive.committed",
    )),
    ("the month is compared", "conclude.before_commit"),
    *(("what it calls for goes out", place) for place in ("mail.before", "mail.taken", "mail.recorded")),
]  # fmt: skip


@dataclass(frozen=True)
class State:
    """All that a hub has done."""

    tables: dict[str, tuple[int, str]]
    vault: frozenset[str]
    mails: Counter[str] = field(compare=False)


@dataclass
class Stage:
    """One county whose state before each step is kept, and can be returned to."""

    county: County
    postgres: Postgres
    child: subprocess.Popen[str]
    kept: Path
    jobs: dict[str, tuple[str, dict[str, str]]]
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, State] = field(default_factory=dict)

    @property
    def database(self) -> str:
        return self.county.hub.database_address.partition("/")[2]

    def run(self, job: str, kill_at: str = "") -> int:
        """Let the child do a job; its exit code."""
        hub, (step, given) = self.county.hub, self.jobs[job]
        environment = {
            "BIDUI_HOME": str(hub.home), "BIDUI_INCLUDE": str(hub.include), "BIDUI_PROFILE": hub.profile,
            "BIDUI_DB": hub.database_address, "BIDUI_SMTP": hub.mail_server, VARIABLE: kill_at,
        }  # fmt: skip
        assert self.child.stdin
        assert self.child.stdout
        self.child.stdin.write(json.dumps({"environment": environment, "step": step, "given": given}) + "\n")
        self.child.stdin.flush()
        return int(self.child.stdout.readline())

    def state(self) -> State:
        home = self.county.hub.home
        vault = frozenset(p.name for p in (home / "vault").glob("*/*.age"))
        mails = Counter(str(m["Message-ID"]) for m in self.county.mails())
        return State(digests(self.county.dsn), vault, mails)

    def keep(self, job: str) -> None:
        """Keep the state before a job."""
        self.before[job] = f"before_{len(self.before)}"
        self._copy(self.database, self.before[job])
        for name in KEPT:
            shutil.copytree(self.county.hub.home / name, self.kept / job / name)
        shutil.copy(self.county.hub.home / clock.FILE, self.kept / job / clock.FILE)

    def go_back(self, job: str) -> None:
        """Return to the state before a job."""
        self._copy(self.before[job], self.database)
        for name in KEPT:
            shutil.rmtree(self.county.hub.home / name, ignore_errors=True)
            shutil.copytree(self.kept / job / name, self.county.hub.home / name)
        shutil.copy(self.kept / job / clock.FILE, self.county.hub.home / clock.FILE)

    def _copy(self, source: str, target: str) -> None:
        self.county.hub.database.close()
        copy_database(self.postgres, source, target)


@pytest.fixture(scope="module")
def child() -> Iterator[subprocess.Popen[str]]:
    """The process whose forks do the work, and die."""
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    command = [sys.executable, "-m", "tests.e2e.child"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": paths}, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="module")
def stage(found, small_policy, postgres, child, tmp_path_factory) -> Iterator[Stage]:
    """The month, played once undisturbed; the states between its steps are kept."""
    folder = tmp_path_factory.mktemp("kills")
    made = make(small_policy, "demo", folder / "synth", seed=1, scale=0.03, periods=[PERIOD])
    with found(small_policy, folder / "synth") as county:
        sealed = {dataset: packed(county, folder, dataset, made.files) for dataset in (REGISTER, ROSTER)}
        jobs = {
            "the register comes in": ("take_in", {"file": str(sealed[REGISTER]), "dataset": REGISTER}),
            "the roster comes in": ("take_in", {"file": str(sealed[ROSTER]), "dataset": ROSTER}),
            "the month is compared": ("close", {"period": PERIOD}),
            "what it calls for goes out": ("hand_out", {"period": PERIOD}),
        }
        stage = Stage(county, postgres, child, folder / "kept", jobs)
        for day, job in enumerate(jobs):
            clock.put(county.hub.home / clock.FILE, datetime(2026, 10, 26 + day, 9, tzinfo=county.hub.zone))
            stage.keep(job)
            assert stage.run(job) == 0
            stage.after[job] = stage.state()
        yield stage
        for name in stage.before.values():
            postgres.drop_database(name)


def packed(county: County, folder: Path, dataset: str, files: tuple[Path, ...]) -> Path:
    """The synthetic file of a dataset, sealed once: every run is to see the same bytes."""
    (file,) = [f for f in files if f.parent.name == dataset.partition(".")[2]]
    now = datetime(2026, 10, 25, 9, tzinfo=county.hub.zone)
    target = folder / f"{dataset}_{PERIOD}"
    target.write_bytes(county.parties.hand_in(file, *dataset.split("."), PERIOD, now))
    return target


@pytest.mark.parametrize(("job", "place"), PLACES, ids=lambda given: str(given))
def test_killed_and_run_again_it_ends_as_if_undisturbed(stage, job, place):
    wanted = stage.after[job]
    stage.go_back(job)
    assert stage.run(job, kill_at=place) == -signal.SIGKILL
    assert stage.run(job) == 0
    seen = stage.state()
    assert {t: (wanted.tables[t], seen.tables[t]) for t in wanted.tables if wanted.tables[t] != seen.tables[t]} == {}
    assert seen.vault == wanted.vault
    assert seen.mails.keys() == wanted.mails.keys()
    twice = {message: n for message, n in seen.mails.items() if n > 1}
    assert list(twice.values()) == ([2] if place == "mail.taken" else [])


def test_the_undisturbed_month_did_everything(stage):
    """What is compared above is no empty state."""
    end = stage.after["what it calls for goes out"]
    filled = {table for table, (rows, _) in end.tables.items() if rows}
    assert set(end.tables) - filled == {
        "core.case_event", "data.town__verification", "identity.link_event"
    }  # fmt: skip
    assert set(end.mails.values()) == {1}
    assert len(end.mails) == end.tables["out.sending"][0] > 6


def test_run_again_after_its_end_a_step_changes_nothing(stage):
    *_, last = stage.jobs
    stage.go_back(last)
    for job in (last, *stage.jobs):
        assert stage.run(job) == 0
    assert stage.state() == stage.after[last]
    assert stage.state().mails == stage.after[last].mails
