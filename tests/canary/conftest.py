"""A small county whose every person is a canary, and its states from the first arrival to the last mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bidui.orchestration import clock
from bidui.orchestration.watch import look
from bidui.pipeline import approve, conclude, deliver, snapshot
from bidui.pipeline.arrive import Arrival
from bidui.pipeline.certify import create_escrow
from bidui.pipeline.receive import receive
from bidui.synth import make
from demo.canaries.people import Canaries, gathered
from demo.canaries.plants import among
from demo.canaries.scanner import Scanner
from demo.parties import nil_report
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK
from tests.counties import Found
from tests.e2e.county import PERIODS, County
from tests.e2e.states import States
from tests.servers import server

PERIOD = PERIODS[0]
HANDED_IN, ARRIVED, RECEIVED, COMPARED, HANDED_OUT, APPROVED, KEPT = (
    "handed in", "arrived", "received", "compared", "handed out", "approved", "kept"
)  # fmt: skip
"""States, each with everything of the one before it done."""
ROLES = ("export", "roster", "expense", "certificate", "benefit")
NIL = "outcome"
"""Role of what the town reports nil on."""


@dataclass(frozen=True)
class Stage:
    """The county, its states, and who must be found nowhere."""

    county: County
    states: States
    canaries: Canaries
    scanner: Scanner
    arrivals: tuple[Arrival, ...]
    now: datetime
    servers: tuple[Postgres, ...]
    """The hub's, and the one that restores are practised on."""
    elsewhere: Path
    """A folder that is not the hub's."""


@pytest.fixture(scope="session")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server with nothing of ours in it."""
    with server(tmp_path_factory.mktemp("drill"), "64MB") as running:
        yield running


@pytest.fixture(scope="session")
def stage(
    found: Found, small_policy: Path, postgres: Postgres, drill: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:  # fmt: skip
    """One month, up to a snapshot."""
    folder = tmp_path_factory.mktemp("canaries")
    make(small_policy, "demo", folder / "synth", seed=1, scale=0.03, periods=[PERIOD])
    with found(small_policy, folder / "synth") as county:
        vars(county.hub).update(programs=postgres.bin, drill_server=f"{LOOPBACK}:{drill.port}")
        (county.hub.home / "secrets" / "db_drill").write_text(drill.password, encoding="utf-8")
        states, arrivals = States(county, postgres, folder / "kept"), list[Arrival]()
        now = datetime(2026, 10, 26, 9, tzinfo=county.hub.zone)
        hand_in(county, now)
        states.keep(HANDED_IN)
        look_twice(county, lambda arrival: arrivals.append(arrival) is None)
        states.keep(ARRIVED)
        for arrival in arrivals:
            receive(county.hub, arrival.arrival_id)
        states.keep(RECEIVED)
        conclude.close(county.hub, PERIOD, now)
        states.keep(COMPARED)
        for errand in deliver.errands(county.hub, "close", PERIOD, now):
            deliver.run(county.hub, errand, now)
        states.keep(HANDED_OUT)
        give_approval(county, now)
        states.keep(APPROVED)
        create_escrow(county.hub, folder / "escrow")
        snapshot.take(county.hub, PERIOD, now)
        states.keep(KEPT)
        canaries = gathered(county.synth)
        yield Stage(county, states, canaries, Scanner(among(canaries)), tuple(arrivals), now, (postgres, drill), folder)
        states.drop()


def hand_in(county: County, now: datetime) -> None:
    """Every file of the month lies on its road, and a town's nil report."""
    clock.put(county.hub.home / clock.FILE, now)
    for dataset in map(county.play.dataset, ROLES):
        for line in county.play.files(PERIOD, dataset, "full"):
            file = county.synth / line["path"]
            if line.get("scope") and county.hub.policy.contracts[dataset].by:
                county.parties.post(line["scope"], PERIOD, file.name, file.read_bytes())
            else:
                county.parties.hand_in(file, *dataset.split("."), PERIOD, now)
    name, book = nil_report(county.hub, PERIOD, now.date())
    county.parties.send_back(county.play.towns[-1].code, PERIOD, name, book)


def look_twice(county: County, begin: Callable[[Arrival], bool]) -> None:
    """What the watcher does until a file counts as whole."""
    seen: dict[Path, tuple[int, int]] = {}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BIDUI_HOME", str(county.hub.home))
        environment.setenv(clock.SIMULATED, "1")
        for _ in range(2):
            look(county.hub, begin, seen, lambda _line: None)


def give_approval(county: County, now: datetime) -> None:
    """Everybody who must approves what waits."""
    later = now + timedelta(hours=1)
    while waiting := approve.waiting(county.hub):
        for delivery, _, _, role in waiting:
            approve.ask(county.hub, delivery, later)
            approve.approve(county.hub, delivery, county.hub.policy.profile.approvers[role][0], later)
