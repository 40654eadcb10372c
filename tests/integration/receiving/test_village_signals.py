"""Rows that speak of no person: damaged roads by the village, and projects that need no village at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bidui.pipeline import apply
from bidui.pipeline.certify import certify
from bidui.pipeline.receive import Received
from bidui.pipeline.unseal import password
from bidui.policy import agreement
from bidui.policy.agreement import Agreement, Contact
from bidui.policy.policy_set import PolicySet
from bidui.policy.source import read_yaml
from bidui.sealing import aeszip, authority, machine, workbook

from .conftest import PERIOD, Roads, Row, sheet

HEADER = "乡镇,村,指标,路线编码,月份,数值,恢复日期"
PROJECT = ["项目编号", "项目名称", "年度", "乡镇", "村", "总投资（万元）", "项目状态"]
Send = Callable[..., Received]


@pytest.fixture(scope="module")
def agreed(road: Roads, policy: PolicySet, repository: Path) -> PolicySet:
    """The policy with the two agencies, which the profile does not switch on; both may also sign."""

    def made(party: str) -> Agreement:
        include = repository / "include"
        known = agreement.read(read_yaml(include / "agreements" / f"{party}.yaml", include))
        contact = Contact(
            id=f"{party}-1", name="专责联络员", email=f"{party}@bidui.example", valid_from=date(2026, 1, 1)
        )
        provides = tuple(p.model_copy(update={"sealing": ("machine", *p.sealing)}) for p in known.provides)
        return known.model_copy(update={"contacts": (contact,), "provides": provides})

    agreements = {**policy.agreements, "transport": made("transport"), "reform": made("reform")}
    with_them = replace(policy, agreements=agreements)
    vars(road.office)["policy"] = with_them
    apply.apply_policy(road.office, road.now)
    return with_them


@pytest.fixture(scope="module")
def send(road: Roads, agreed: PolicySet) -> Send:
    """Hands in lines of a text file in an archive, or as a signed amendment."""

    def sent(*lines: str, amend: bool = False) -> Received:
        data = "\r\n".join([HEADER, *lines]).encode("gb18030")
        if not amend:
            sealed = aeszip.seal([(".csv", data)], password(road.office, "transport", None, PERIOD))
            return road.folder("transport", "village_signal", f"道路与客运_{PERIOD}.zip", sealed)
        certificate, key = certify(road.office, "transport-1", road.now - timedelta(days=1), 30)
        facts = {
            "sender": "transport", "recipient": agreed.hub, "dataset": "transport.village_signal", "period": PERIOD,
            "kind": "amend", "data_date": road.now.date(), "seq": 1, "made_at": road.now,
        }  # fmt: skip
        recipients = [authority.hub_keys(road.office.keys).recipient]
        data = machine.seal(data, facts, recipients=recipients, certificate=certificate, key=key)
        return road.folder("transport", "village_signal", f"道路与客运_{PERIOD}.sealed", data)

    return sent


@pytest.fixture(scope="module")
def settled(road: Roads) -> Callable[[Received], list[tuple[object, ...]]]:
    """What settled of a package."""
    return lambda received: road.rows(
        "SELECT region, indicator, road_no, value, person_id FROM data.transport__village_signal"
        " WHERE submission_id = :id ORDER BY road_no, region",
        id=received.submission_id,
    )


@pytest.fixture(scope="module")
def villages(policy: PolicySet) -> list[tuple[str, str]]:
    """Code of each village, and how a line names it."""
    names = {region.code: region.name for region in policy.regions}
    listed = policy.regions_of("village", date(2026, 11, 30))
    return [(v.code, f"{names[v.parent or '']},{v.name}") for v in listed]


@pytest.fixture(scope="module")
def received(send: Send, villages: list[tuple[str, str]]) -> Received:
    """Lines 2 to 9."""
    (_, first), (_, second) = villages[:2]
    town = first.split(",")[0]
    return send(
        f"{first},道路毁损,C001,2026年11月,1.2,2026-12-20",
        f"{second},道路毁损,C001,202611,0.4,",
        f"{town},,道路毁损,C002,202611,1,",
        f"{town},无此村,道路毁损,C003,202611,1,",
        f"{first},道路下雨,C004,202611,1,",
        f"{first},客运停运,C005,202611,3,",
        f"{first},客运停运,C005,202611,5,",
        f"{first},客运停运,C006,202611,三天,",
    )


def test_a_village_s_row_settles_under_its_region_and_under_no_person(received, settled, villages):
    assert settled(received) == [
        (villages[0][0], "road_damaged", "C001", Decimal("1.2"), 0),
        (villages[1][0], "road_damaged", "C001", Decimal("0.4"), 0),
    ]


def test_what_cannot_be_placed_or_read_is_set_aside_and_told(road, received):
    assert road.issues(received) == [
        (4, "村", "required_missing"),
        (5, "村", "region_unknown"),
        (6, "指标", "value_not_in_list"),
        (7, "月份", "duplicate_conflict"),
        (8, "月份", "duplicate_conflict"),
        (9, "数值", "number_unreadable"),
    ]


def test_nobody_is_looked_for_behind_a_row_that_speaks_of_nobody(road, received):
    assert road.rows("SELECT * FROM identity.unsettled_row WHERE submission_id = :id", id=received.submission_id) == []


def test_an_amendment_mends_the_road_in_its_village_and_leaves_the_others(send, received, settled, villages):
    (one, first), (other, _) = villages[:2]
    made = send(f"{first},道路毁损,C001,202611,2.5,", amend=True)
    assert (made.outcome, made.facts["accepted"]) == ("accepted", 2)
    assert settled(made) == [
        (one, "road_damaged", "C001", Decimal("2.5"), 0),
        (other, "road_damaged", "C001", Decimal("0.4"), 0),
    ]


@pytest.mark.usefixtures("agreed")
def test_where_no_village_is_asked_for_an_unknown_one_sets_nothing_aside(road):
    rows: list[Row] = [
        ["P1", "产业道路", 2026, "无此镇", "无此村", 120, "在建"],
        ["P2", "就业培训", 2026, "", "", 30, "已竣工"],
    ]
    sealed = workbook.seal(sheet(PROJECT, *rows), password(road.office, "reform", None, PERIOD))
    made = road.folder("reform", "project", f"项目库_{PERIOD}.xlsx", sealed)
    assert made.outcome == "accepted"
    assert road.rows("SELECT project_no, region, funds_wan FROM data.reform__project ORDER BY 1") == [
        ("P1", None, Decimal(120)),
        ("P2", None, Decimal(30)),
    ]
