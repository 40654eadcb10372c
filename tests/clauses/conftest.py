"""Each proof is run under the shipped policy and once more without its object, on a hub that nobody else has.

What both runs say stands in ``include/clauses/evidence.json``; a proof that says something else fails, until
``make proofs`` (``PROVE=1``) has written it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bidui.pipeline.clauses import carriers
from bidui.policy.policy_set import PolicySet
from demo.services.postgres import Postgres
from tests.clauses.disabling import joined, without
from tests.clauses.evidence import Kept
from tests.clauses.proving import SHIPPED, WITHOUT, as_records, failing
from tests.clauses.stage import Hub
from tests.clauses.stages import Stages
from tests.e2e.county import policy_copy

_KEPT = pytest.StashKey[Kept]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proves: a proof of a clause by an object (tests/clauses/proving.py)")
    config.stash[_KEPT] = Kept.of_shipped()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("proves"):
        metafunc.parametrize("variant", [SHIPPED, WITHOUT], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    mark = pyfuncitem.get_closest_marker("proves")
    if mark is None or pyfuncitem.callspec.params["variant"] == SHIPPED:
        return (yield)
    raised = None
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        raised = error
    said = failing(pyfuncitem.obj, raised)
    test = f"{pyfuncitem.path.relative_to(pyfuncitem.config.rootpath)}::{pyfuncitem.originalname}"
    policy = pyfuncitem.funcargs["policy"]
    hashes = {**policy.objects, **{carrier.object: carrier.hash for carrier in carriers(policy)}}
    stated = mark.kwargs["object"]
    pyfuncitem.config.stash[_KEPT].note(test, as_records(mark, test, said, hashes[stated]))
    return True


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[_KEPT].write()


# --- hubs ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def variant(request: pytest.FixtureRequest) -> str:
    """Under which policy the proof is run."""
    return str(getattr(request, "param", SHIPPED))


@pytest.fixture(scope="session")
def stages(postgres: Postgres, ready: str, passwords: Path, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """The stages that proofs begin on, under the shipped policy for four towns, where one row is a whole file."""
    folder = tmp_path_factory.mktemp("proofs")
    include = policy_copy(folder / "include", most=1)
    for party in ("reform", "finance", "hr"):
        joined(include, party)
    return Stages(postgres, include, ready, passwords, folder)


@pytest.fixture
def include(request: pytest.FixtureRequest, variant: str, stages: Stages, tmp_path: Path, policy: PolicySet) -> Path:
    """The policy of the variant. ``policy`` is there for the hook, which notes what was proven of it."""
    mark = request.node.get_closest_marker("proves")
    if variant == SHIPPED:
        return stages.include
    return without(stages.include, tmp_path / "include", mark.kwargs["object"], mark.kwargs["swap"])


@pytest.fixture
def begun(stages: Stages, include: Path) -> Iterator[Hub]:
    """A hub with keys and certificates, on the second day of the window; nothing came in."""
    with stages.opened("begun", include) as hub:
        yield hub


@pytest.fixture
def received(stages: Stages, include: Path) -> Iterator[Hub]:
    """A hub that all files of the month have come to, on the day after the window."""
    with stages.opened("received", include) as hub:
        yield hub


@pytest.fixture
def closed(stages: Stages, include: Path) -> Iterator[Hub]:
    """A hub that has compared the month; nothing of it went out yet."""
    with stages.opened("closed", include) as hub:
        yield hub


@pytest.fixture
def compared(stages: Stages, include: Path, variant: str) -> Iterator[Hub]:
    """A hub that has compared the month under the variant's own policy."""
    with stages.opened("closed" if variant == SHIPPED else "received", include) as hub:
        if variant == WITHOUT:
            hub.close()
        yield hub
