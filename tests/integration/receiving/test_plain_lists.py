"""The synthetic city's plain lists as they come in: every row that truth tells of settles, and nothing is noted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from bidui.pipeline import apply
from bidui.pipeline.office import Office
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.sealing import aeszip, authority, workbook
from bidui.synth import make

from .conftest import NOW, PERIOD, Roads

pytestmark = pytest.mark.slow

CITY = "zhumadian"


@pytest.fixture(scope="module")
def city(
    copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Roads]:  # fmt: skip
    """The roads of the city's office."""
    home = tmp_path_factory.mktemp("city") / "home"
    shutil.copytree(passwords, home / "secrets")
    (home / "post").mkdir()
    authority.create_hub_keys(home / "keys", now=NOW, next_update=NOW.replace(year=2028))
    with copied() as address:
        office = Office(home, repository / "include", CITY, address, "127.0.0.1:9")
        apply.apply_policy(office, NOW)
        yield Roads(office)
        office.database.close()


@pytest.fixture(scope="module")
def lists(city: Roads, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Path]]:
    """What truth tells of a plain list of each kind, and its file; of what comes by regions, every part."""
    folder = tmp_path_factory.mktemp("lists")
    made = make(repository / "include", CITY, folder, seed=1, scale=0.2, periods=[PERIOD])
    header, *lines = [json.loads(line) for line in made.truth.read_text(encoding="utf-8").splitlines()]
    systems = header["systems"].values()
    every = [(x, folder / x["path"]) for x in lines if x["type"] == "rows" and x["dataset"] not in systems]
    assert len(every) > 20
    of_each_kind = {kind_of(city, line): (line, file) for line, file in reversed(every)}
    return [of_each_kind[kind] for kind in sorted(of_each_kind)]


def kind_of(roads: Roads, line: dict[str, Any]) -> tuple[str, ...]:
    """What lists share that come from one place, in one form, about one kind of thing."""
    contract = roads.office.policy.contracts[line["dataset"]]
    about = "members" if contract.layout.members else "people" if contract.column("subject") else "things"
    place = line["scope"] if contract.by == "region" else contract.by
    return (place or "", sealing_of(roads, line["dataset"]), contract.layout.encoding or "", about)


def sealing_of(roads: Roads, dataset: str) -> str:
    """The first form that the agreement of a dataset accepts."""
    return roads.office.policy.givers(dataset)[0].provision(dataset).sealing[0]


def come_in(roads: Roads, line: dict[str, Any], file: Path) -> Received:
    """A list, sealed as its agreement asks: mailed by a region, or dropped into its party's folder."""
    policy = roads.office.policy
    if policy.contracts[line["dataset"]].by == "region":
        return roads.mail(line["scope"], file.name, file.read_bytes())
    agreement = next(a for a in policy.givers(line["dataset"]) if line["scope"] in (None, a.party))
    sealing = sealing_of(roads, line["dataset"])
    data, name, told = file.read_bytes(), file.name, password(roads.office, agreement.party, None, PERIOD)
    if sealing == "aes_zip":
        data, name = aeszip.seal([(file.suffix, data)], told), f"{file.stem}.zip"
    elif sealing == "password_workbook":
        data = workbook.seal(data, told)
    return roads.folder(agreement.party, line["dataset"].partition(".")[2], name, data)


def test_what_is_accepted_is_what_truth_tells(city, lists):
    seen = {}
    for line, file in lists:
        received = come_in(city, line, file)
        counts = [received.facts.get(name) for name in ("read", "accepted", "unresolved", "quarantined")]
        seen[line["path"]] = (received.outcome, received.reason, received.period, *counts, city.issues(received))
    assert len(seen) > 5
    assert seen == {x["path"]: ("accepted", None, PERIOD, x["read"], x["read"], 0, 0, []) for x, _ in lists}


def test_every_row_settles_in_its_county(city, lists):
    """Rows that name a place lie in the region that handed them in; the whole city's lie in all its counties."""
    policy = city.office.policy
    for dataset in {line["dataset"] for line, _ in lists}:
        table = policy.contracts[dataset].table
        told = sum(line["read"] for line, _ in lists if line["dataset"] == dataset)
        assert city.rows(f"SELECT count(*) FROM data.{table}") == [(told,)], dataset
    (by_county,) = {line["dataset"] for line, _ in lists if policy.contracts[line["dataset"]].by == "region"}
    assert city.rows(
        f"SELECT DISTINCT s.scope = left(d.region, 6) FROM data.{policy.contracts[by_county].table} d"
        " JOIN core.submission s USING (submission_id)"
    ) == [(True,)]  # fmt: skip
