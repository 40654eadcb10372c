"""No error tells of anybody: errors are forced in every use case, and all that can be read of them is read."""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg2
import pytest

import bidui.pipeline
from bidui.pipeline import (
    apply,
    certify,
    conclude,
    contact_list,
    deliver,
    explain,
    follow_up,
    need,
    receive,
    restore,
    snapshot,
)
from bidui.pipeline.explain_page import page
from bidui.pipeline.office import Office
from demo import needs
from demo.canaries.places import Files
from demo.services.postgres import Postgres
from demo.services.process import LOOPBACK
from tests.canary import forcing
from tests.canary.conftest import (
    APPROVED,
    ARRIVED,
    COMPARED,
    HANDED_IN,
    HANDED_OUT,
    KEPT,
    NIL,
    PERIOD,
    RECEIVED,
    ROLES,
    Stage,
    give_approval,
    look_twice,
)
from tests.canary.forcing import Forced

pytestmark = pytest.mark.slow

ONLY_POLICY = {
    "arrive.period_at", "arrive.window_of", "arrive.scopes_of", "conclude.due_on", "contact_list.take",
    "explain_page.page", "prepare.words", "recipients.contacts", "recipients.holders", "recipients.title",
    "unseal.password",
}  # fmt: skip
"""Functions that ask neither database nor vault: they answer from policy, or from what they are handed."""


# --- jobs that between them do every use case ----------------------------------------------------------------------
def looking(stage: Stage, hub: Office) -> None:
    look_twice(replace(stage.county, hub=hub), lambda _found: True)


def receiving(role: str) -> Callable[[Stage, Office], None]:
    def receive_one(stage: Stage, hub: Office) -> None:
        dataset = stage.county.play.dataset(role)
        receive.receive(hub, next(a.arrival_id for a in stage.arrivals if a.dataset == dataset))

    return receive_one


def replying(stage: Stage, hub: Office) -> None:
    for arrival in stage.arrivals[:2]:
        deliver.reply(hub, arrival.arrival_id, stage.now)


def handing_out(moment: Any) -> Callable[[Stage, Office], None]:
    def hand_out(stage: Stage, hub: Office) -> None:
        for errand in deliver.errands(hub, moment, PERIOD, stage.now):
            deliver.run(hub, errand, stage.now)

    return hand_out


def approving(stage: Stage, hub: Office) -> None:
    give_approval(replace(stage.county, hub=hub), stage.now)


def explaining(stage: Stage, hub: Office) -> None:
    ((number,),) = stage.county.query(
        "SELECT number FROM identity.household JOIN core.lead USING (household_id) ORDER BY lead_no LIMIT 1"
    )
    found = explain.explain(hub, number, stage.now)
    assert found
    page(hub, found, stage.now)


def certifying(stage: Stage, hub: Office) -> None:
    contact = next(c.id for a in hub.policy.agreements.values() for c in a.contacts)
    certificate, _ = certify.certify(hub, contact, stage.now, 30)
    certify.revoke(hub, certificate, stage.now, stage.now + timedelta(days=30))


def answering(stage: Stage, hub: Office) -> None:
    fields, by = needs.items(hub.policy, "query", 6), hub.policy.profile.approvers["need"][0]
    first, second = (
        need.record(hub, needs.form(hub, needs.exported(hub.policy), fields[:number], stage.now), stage.now)
        for number in (5, 6)
    )
    need.grant(hub, first.number, by, stage.now)
    need.refuse(hub, second.number, by, stage.now, "agreement_needed", "可以签订协议。")
    need.serve(hub, first.number, stage.now, PERIOD)
    need.password(hub, first.number, PERIOD)
    need.listed(hub, stage.now)
    need.tell(hub, stage.now)


def listing_contacts(stage: Stage, hub: Office) -> None:
    contact_list.export(hub, stage.now)
    contact_list.take(hub, contact_list.compare(hub, stage.now))


def making_an_escrow_key(stage: Stage, hub: Office) -> None:
    certify.create_escrow(hub, Path(mkdtemp(dir=stage.elsewhere)) / "key")


def overdue(stage: Stage, hub: Office) -> None:
    deliver.errands_of_day(hub, PERIOD, stage.now + timedelta(days=90))


ROADS = (forcing.spoil_inbox, forcing.spoil_post)
VAULT = (forcing.lose_vault, forcing.spoil_vault)
FILES = (forcing.break_types, forcing.break_suites)
TEXTS = (forcing.break_sql, forcing.break_columns, forcing.break_templates)


@dataclass(frozen=True)
class Job:
    """What is done, from the state in which there is something to do, and what else than the store may fail it."""

    state: str
    do: Callable[[Stage, Office], Any]
    spoils: tuple[Callable[[Office], None], ...] = VAULT
    breakages: tuple[Callable[[Path], None], ...] = ()


JOBS = {
    "look at the roads": Job(HANDED_IN, looking, ROADS, (forcing.break_keys,)),
    **{f"receive {role}": Job(ARRIVED, receiving(role), VAULT, FILES) for role in (*reversed(ROLES), NIL)},
    "reply": Job(RECEIVED, replying, VAULT, TEXTS),
    "close": Job(RECEIVED, lambda stage, hub: conclude.close(hub, PERIOD, stage.now), (), (forcing.break_sql,)),
    "call for data": Job(COMPARED, handing_out("open"), VAULT, TEXTS),
    "hand out": Job(COMPARED, handing_out("close"), VAULT, TEXTS),
    "sum up": Job(COMPARED, handing_out("quarter"), VAULT, TEXTS),
    "approve": Job(HANDED_OUT, approving, VAULT, TEXTS),
    "send": Job(APPROVED, lambda stage, hub: follow_up.send_waiting(hub, stage.now + timedelta(days=1))),
    "find what is overdue": Job(APPROVED, overdue),
    "remind": Job(APPROVED, lambda stage, hub: follow_up.remind(hub, stage.now + timedelta(days=90)), VAULT, TEXTS),
    "answer needs": Job(COMPARED, answering, VAULT, TEXTS),
    "explain": Job(COMPARED, explaining, ()),
    "list contacts": Job(HANDED_IN, listing_contacts, (), (forcing.break_templates,)),
    "certify": Job(HANDED_IN, certifying, ()),
    "escrow": Job(HANDED_IN, making_an_escrow_key, ()),
    "migrate": Job(HANDED_IN, lambda _stage, hub: apply.migrate_up(hub), ()),
    "apply": Job(HANDED_IN, lambda stage, hub: apply.apply_policy(hub, stage.now), (), (forcing.break_types,)),
    "snapshot": Job(APPROVED, lambda stage, hub: snapshot.take(hub, PERIOD, stage.now + timedelta(days=1))),
    "drill": Job(KEPT, lambda stage, hub: restore.drill(hub, stage.now + timedelta(days=1))),
}  # fmt: skip


# --- errors in them --------------------------------------------------------------------------------------------------
@dataclass
class Forcing:
    """Forces every fault in every job, each once: what asked the database or was refused elsewhere is left alone."""

    stage: Stage
    postgres: Postgres
    folder: Path
    cut: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    known: dict[str, list[Forced]] = field(default_factory=dict)

    def __call__(self, name: str) -> list[Forced]:
        """All errors of a job."""
        if name not in self.known:
            self.known[name] = [found for found in self._errors(name) if found]
        return self.known[name]

    def _errors(self, name: str) -> Iterator[Forced | None]:
        job, hub = JOBS[name], self.stage.county.hub
        go_back, state = self.stage.states.go_back, job.state

        def force(fault: str, office: Office = hub) -> Forced | None:
            return forcing.force(f"{name}: {fault}", lambda: job.do(self.stage, office))

        go_back(state)
        yield force("database away", replace(hub, database_address=f"{LOOPBACK}:9/{self.stage.states.database}"))
        with forcing.asking() as asked:
            yield force("none")
        for at, names in reversed(list(enumerate(asked))):
            if not self.cut.issuperset(names):
                self.cut.update(names)
                go_back(state)
                with forcing.cut_before(self.stage.servers, at):
                    yield force(f"connection cut in {names[0]}")
        go_back(state)
        forcing.refuse_all(self.postgres, self.stage.states.database, self.refused)
        while refused := force("row refused"):
            yield refused
            if (table := forcing.take_again(self.postgres, self.stage.states.database, refused)) is None:
                break
            self.refused.add(table)
        for spoil in job.spoils:
            go_back(state)
            spoil(hub)
            yield force(spoil.__name__)
        go_back(state)
        with forcing.no_space():
            yield force("no space left")
        for breakage in job.breakages:
            go_back(state)
            other = forcing.broken(hub, breakage, self.folder)
            yield force(breakage.__name__, other)
            other.database.close()


@pytest.fixture(scope="module")
def forced(stage: Stage, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Forcing:
    """Forces all errors of a job, once."""
    return Forcing(stage, postgres, tmp_path_factory.mktemp("broken"))


@pytest.mark.parametrize("name", JOBS)
def test_an_error_tells_of_nobody(stage, forced, name, capfd):
    found = forced(name)
    assert found
    told = {error.fault: hits for error in found if (hits := stage.scanner.scan(error.shown))}
    assert told == {}
    assert stage.scanner.scan("".join(capfd.readouterr())) == set()


def test_errors_were_forced_in_every_use_case(forced):
    """A use case that somebody adds has to be done by a job above."""
    went_through = {function for name in JOBS for error in forced(name) for function in error.functions}
    wanted = set(use_cases()) - ONLY_POLICY
    assert wanted - {function.removeprefix("pipeline.") for function in went_through} == set(), "not forced"
    assert set(use_cases()) >= ONLY_POLICY


def use_cases() -> dict[str, Callable[..., Any]]:
    """``module.function`` of everything in `bidui.pipeline` that an office is asked to do."""
    found = {}
    for module in pkgutil.iter_modules(bidui.pipeline.__path__):
        loaded = importlib.import_module(f"bidui.pipeline.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            asked = next(iter(inspect.signature(function).parameters.values()), None)
            own = function.__module__ == loaded.__name__ and not name.startswith("_")
            if own and asked and asked.annotation in ("Office", Office):
                found[f"{module.name}.{name}"] = function
    return found


def test_the_database_server_logs_nobody(stage, postgres, forced):
    forced("receive export")
    texts = list(Files("log", postgres.log.parent, ("*.log",)).texts())
    assert texts
    assert {where for where, text in texts if stage.scanner.scan(text)} == set()


# --- that a silence means something ----------------------------------------------------------------------------------
def test_what_is_refused_names_somebody(stage, postgres):
    """The driver's own error, which every error above began as, tells everything."""
    stage.states.go_back(RECEIVED)
    forcing.refuse_all(postgres, stage.states.database)

    def raw() -> None:
        with psycopg2.connect(stage.county.dsn) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO core.arrival SELECT * FROM core.arrival")

    found = forcing.force("raw", raw)
    assert found
    assert "number" in {hit.kind for hit in stage.scanner.scan(found.shown)}


@pytest.mark.parametrize("way", ["message", "argument", "note", "cause", "context", "log"])
def test_an_error_that_tells_of_somebody_is_seen(stage, way):
    number = min(stage.canaries.numbers)
    found = forcing.force(way, lambda: leaking(way, number))
    assert found
    assert {hit.canary for hit in stage.scanner.scan(found.shown)} == {number}


def leaking(way: str, number: str) -> None:
    """Raise an error that tells of somebody in some way."""
    error = ValueError({"message": f"bad {number}", "argument": [number]}.get(way, "bad"))
    if way == "note":
        error.add_note(number)
    if way == "log":
        logging.getLogger("some.library").debug("row %s", (number,))
    try:
        if way in ("cause", "context"):
            raise KeyError(number)
    except KeyError as inner:
        if way == "cause":
            raise error from inner
        raise error  # noqa: B904 - the context is the point
    raise error
