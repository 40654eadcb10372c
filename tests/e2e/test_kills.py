"""A process killed at any point loses and doubles nothing: whoever runs it again ends where an undisturbed run ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bidui.orchestration import clock
from bidui.pipeline.unseal import password
from bidui.sealing import workbook
from bidui.store.failpoints import VARIABLE
from bidui.synth import make
from demo import needs
from demo.office import REPOSITORY
from tests.e2e.county import PERIODS, County, digests
from tests.e2e.states import States

pytestmark = pytest.mark.slow

PERIOD = PERIODS[0]
EXPORT, EXPENSE, CERTIFICATE, PART, ROSTER = (
    "the register comes in", "the bills come in", "the certificates come in", "the towns' parts come in",
    "the roster comes in",
)  # fmt: skip
ANSWERED = "an agency asks and is answered"
COMPARED, HANDED_OUT = "the month is compared", "what it calls for goes out"
FILES = {"export": EXPORT, "expense": EXPENSE, "certificate": CERTIFICATE, "benefit": PART, "roster": ROSTER}
"""Role of a dataset → the job in which its files come in: one each, of the wide one a part for each town."""

# Every place, in a job that reaches it.
PLACES = [
    *((ROSTER, place) for place in (
        "arrive.kept", "arrive.registered", "receive.begun", "settle.rows", "settle.before_commit",
        "receive.before_commit", "receive.committed",
    )),
    *((PART, place) for place in ("arrive.registered", "settle.rows", "receive.committed")),
    *((ANSWERED, place) for place in ("need.recorded", "need.answered", "prepare.kept", "mail.taken")),
    *((COMPARED, place) for place in ("compare.before_commit", "conclude.before_commit")),
    *((HANDED_OUT, place) for place in (
        "prepare.kept", "mail.before", "mail.taken", "mail.recorded", "approve.recorded",
    )),
]  # fmt: skip
ELSEWHERE = REPOSITORY / "tests" / "integration" / "archive" / "test_kills.py"
"""The same of snapshots and their restore."""


@dataclass(frozen=True)
class State:
    """All that a hub has done."""

    tables: dict[str, tuple[int, str]]
    vault: frozenset[str]
    mails: Counter[str] = field(compare=False)


@dataclass
class Stage:
    """One county whose state before each job is kept, and can be returned to."""

    county: County
    states: States
    child: subprocess.Popen[str]
    jobs: dict[str, list[tuple[str, dict[str, str]]]]
    """Job → its steps, each a call of `tests.e2e.child`."""
    after: dict[str, State] = field(default_factory=dict)

    def run(self, job: str, kill_at: str = "") -> int:
        """Let the child do a job; the exit code of its last step, or of the one that was killed."""
        code = 0
        for step, given in self.jobs[job]:
            if code := self._step(step, given, kill_at):
                break
        return code

    def _step(self, step: str, given: dict[str, str], kill_at: str) -> int:
        hub = self.county.hub
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
        vault = frozenset(p.name for p in (self.county.hub.home / "vault").glob("*/*.age"))
        mails = Counter(str(m["Message-ID"]) for m in self.county.mails())
        return State(digests(self.county.dsn), vault, mails)


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
    """The month, played once undisturbed; the states between its jobs are kept."""
    folder = tmp_path_factory.mktemp("kills")
    make(small_policy, "demo", folder / "synth", seed=1, scale=0.03, periods=[PERIOD])
    with found(small_policy, folder / "synth") as county:
        jobs = {job: list(arriving(county, folder, role)) for role, job in FILES.items()}
        jobs |= {ANSWERED: [("answer", {"form": form_of(county)})]}
        jobs |= {COMPARED: [("close", {"period": PERIOD})], HANDED_OUT: [("hand_out", {"period": PERIOD})]}
        stage = Stage(county, States(county, postgres, folder / "kept"), child, jobs)
        for day, job in enumerate(jobs):
            begun = datetime(2026, 10, 25, 9, tzinfo=county.hub.zone)
            clock.put(county.hub.home / clock.FILE, begun + timedelta(days=day))
            stage.states.keep(job)
            assert stage.run(job) == 0
            stage.after[job] = stage.state()
        yield stage
        stage.states.drop()


def form_of(county: County) -> str:
    """The form in which an agency asks for some of the register."""
    policy, now = county.hub.policy, datetime(2026, 10, 25, 9, tzinfo=county.hub.zone)
    return needs.form(county.hub, needs.exported(policy), needs.items(policy, "query", 5), now)


def arriving(county: County, folder: Path, role: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The steps that take in a dataset's files, sealed once: every run is to see the same bytes."""
    hub, dataset = county.hub, county.play.dataset(role)
    agreement, _ = county.parties.sender(dataset)
    now = datetime(2026, 10, 25, 9, tzinfo=hub.zone)
    for line in county.play.files(PERIOD, dataset, "full"):
        file = county.synth / line["path"]
        contact = next(c for c in agreement.contacts if c.region in (None, line.get("scope")))
        if contact.region:
            sealed = workbook.seal(file.read_bytes(), password(hub, agreement.party, contact.region, PERIOD))
        else:
            sealed = county.parties.hand_in(file, *dataset.split("."), PERIOD, now)
        target = folder / f"{dataset}.{contact.id}_{PERIOD}"
        target.write_bytes(sealed)
        given = {"file": str(target), "dataset": dataset, "party": agreement.party, "contact": contact.id}
        yield "take_in", given


@pytest.mark.parametrize(("job", "place"), PLACES, ids=lambda given: str(given))
def test_killed_and_run_again_it_ends_as_if_undisturbed(stage, job, place):
    wanted = stage.after[job]
    stage.states.go_back(job)
    assert stage.run(job, kill_at=place) == -signal.SIGKILL
    assert stage.run(job) == 0
    seen = stage.state()
    assert {t: (wanted.tables[t], seen.tables[t]) for t in wanted.tables if wanted.tables[t] != seen.tables[t]} == {}
    assert seen.vault == wanted.vault
    assert seen.mails.keys() == wanted.mails.keys()
    twice = {message: n for message, n in seen.mails.items() if n > 1}
    assert list(twice.values()) == ([2] if place == "mail.taken" else [])


def test_every_place_is_killed_at():
    """A place that somebody adds is killed at, here or where snapshots are."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "plugins").rglob("*.py"))
    places = set(re.findall(r'\breached\("([\w.]+)"\)', code))
    here = {place for _, place in PLACES}
    elsewhere = {place for place in places - here if f'"{place}"' in ELSEWHERE.read_text(encoding="utf-8")}
    assert here | elsewhere == places
    assert len(here) >= 12


def test_the_undisturbed_month_did_everything(stage):
    """What is compared above is no empty state."""
    end = stage.after[HANDED_OUT]
    filled = {table for table, (rows, _) in end.tables.items() if rows}
    assert set(end.tables) - filled == {
        "core.case_due", "core.case_event", "core.restore_drill", "core.snapshot", "core.snapshot_taken",
        "data.hub__contact_list", "data.town__change_request", "data.town__verification",
        "identity.link_event", "out.withheld",
    }  # fmt: skip
    assert set(end.mails.values()) == {1}
    assert len(end.mails) == end.tables["out.sending"][0] > 6


def test_run_again_after_its_end_a_job_changes_nothing(stage):
    *_, last = stage.jobs
    stage.states.go_back(last)
    for job in (last, *stage.jobs):
        assert stage.run(job) == 0
    assert stage.state() == stage.after[last]
    assert stage.state().mails == stage.after[last].mails
