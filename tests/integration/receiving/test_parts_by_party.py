"""A dataset that several parties give (ES-01): their files of a month stand side by side, each under its party's id."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bidui.domain.period import Period
from bidui.pipeline import apply, forms
from bidui.pipeline.arrive import scopes_of
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import Subject, _Maker
from bidui.pipeline.receive import Received
from bidui.pipeline.recipients import Recipient
from bidui.pipeline.unseal import password
from bidui.sealing import authority, workbook
from bidui.store.database import Role
from bidui.store.ledger import in_force

from .conftest import NOW, PERIOD, Roads, person, sheet

COUNTY, DATASET = "eshan", "civil.relief_applicant"
TITLES = ["序号", "申请编号", "申报模块", "申请人姓名", "证件号码", "申请日期", "乡镇", "村"]
ABOVE = [["省救助平台新增申请"], ["2026年11月"], ["数据截止日：2026-11-20"]]


@pytest.fixture
def road(
    copied: Callable[[], AbstractContextManager[str]], passwords: Path, repository: Path, tmp_path: Path
) -> Iterator[Roads]:
    """The roads of the county's office."""
    home = tmp_path / "home"
    shutil.copytree(passwords, home / "secrets")
    (home / "post").mkdir()
    authority.create_hub_keys(home / "keys", now=NOW - timedelta(days=90), next_update=NOW + timedelta(days=365))
    with copied() as address:
        office = Office(home, repository / "include", COUNTY, address, "127.0.0.1:9")
        apply.apply_policy(office, NOW)
        yield Roads(office)
        office.database.close()


def application(number: str, module: str, birth: str) -> list[Any]:
    return ["1", number, module, "张三", person(birth), "2026-11-08", "", ""]


def hand_in(road: Roads, party: str, *rows: list[Any], name: str = "救助平台_202611.xlsx") -> Received:
    """Into the party's own folder of the dataset, sealed with its own password."""
    data = workbook.seal(sheet(*ABOVE, TITLES, *rows), password(road.office, party, None, PERIOD))
    return road.folder(party, DATASET.partition(".")[2], name, data)


def standing(road: Roads) -> dict[str, tuple[int, int]]:
    """Scope → (submission, rows) in force."""
    with road.office.database.begin(Role.INTAKE) as connection:
        found = in_force(connection, COUNTY, DATASET, [PERIOD], road.now)
    return {s.scope: (s.submission_id, s.rows_accepted) for s in found}


def test_files_of_parties_stand_beside_each_other_and_each_is_replaced_by_its_own(road: Roads) -> None:
    schools = hand_in(road, "education", application("SQ1", "教育", "19800203"), application("SQ2", "教育", "19800204"))
    houses = hand_in(road, "housing", application("SQ3", "住房保障", "19800205"))
    assert [(r.dataset, r.outcome, r.scope) for r in (schools, houses)] == [
        (DATASET, "accepted", "education"), (DATASET, "accepted", "housing")
    ]  # fmt: skip
    again = hand_in(road, "education", application("SQ1", "教育", "19800203"), name="救助平台_202611更正.xlsx")
    assert again.facts["superseded"]
    assert standing(road) == {"education": (again.submission_id, 1), "housing": (houses.submission_id, 1)}


def test_whoever_gives_no_part_is_refused(road: Roads) -> None:
    refused = hand_in(road, "fire", application("SQ1", "教育", "19800203"))
    assert (refused.outcome, refused.reason) == ("refused", "not_in_agreement")


def test_equal_bytes_of_two_parties_are_two_parts(road: Roads) -> None:
    """Nil reports may be the same file; each speaks for its own part, and only a second one for nothing more."""
    told = [["期别", PERIOD], ["数据集", "省救助平台新增申请"], ["说明", "本期无新增"], ["报告人", "某"]]
    nil, policy, parties = sheet(*told, title="零报告"), road.office.policy, ("water", "health")
    plainly = {
        party: policy.agreements[party].model_copy(update={"provides": tuple(
            p.model_copy(update={"sealing": ("plain",)}) for p in policy.agreements[party].provides
        )}) for party in parties
    }  # fmt: skip
    vars(road.office)["policy"] = replace(policy, agreements={**policy.agreements, **plainly})
    came = [road.folder(party, DATASET.partition(".")[2], f"{at}_202611.xlsx", nil)
            for at, party in enumerate((*parties, "water"))]  # fmt: skip
    assert [(r.outcome, r.scope) for r in came] == [("nil", "water"), ("nil", "health"), ("duplicate", "water")]
    assert set(standing(road)) == set(parties)


def test_the_month_waits_for_every_party_and_the_report_names_who_is_missing(road: Roads) -> None:
    policy = road.office.policy
    parties = scopes_of(road.office, Period.parse(PERIOD))[DATASET]
    assert sorted(parties) == sorted(made.party for made in policy.givers(DATASET))
    assert len(parties) == 7
    for at, party in enumerate(parties):
        if party != "housing":
            hand_in(road, party, application(f"SQ{at}", "教育", f"1980021{at}"))
    with road.office.database.begin(Role.DELIVER) as connection:
        recipe, to = policy.recipes["monthly_report"], Recipient("bureau")
        maker = _Maker(road.office, connection, recipe, to, Subject(PERIOD, "round-1", round=1), "none", road.now)
        (tables,), (figures,) = maker._report("monthly_tables"), maker._report("monthly_scope")
    states = {line["name"]: line["state"] for line in tables["parties"] if line["dataset"] == "省救助平台新增申请"}
    assert states == {policy.name_of(party): "未报" if party == "housing" else "迟报" for party in parties}
    assert figures["submissions"]["missing"] == figures["submissions"]["expected"]  # nothing else came; this, in part


def test_each_party_is_sent_a_blank_form_of_it(road: Roads) -> None:
    for party in ("civil", "water"):
        made = forms.forms(road.office.policy, party, road.office.policy.name_of(party), Period.parse(PERIOD))
        assert any("省救助平台新增申请" in name for name in made)
