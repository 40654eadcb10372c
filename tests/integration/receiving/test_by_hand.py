"""A file that somebody at the centre hands in with ``receive``: his own slips are told to him, and to nobody else."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.commands import Command, typed_at

from .conftest import PERIOD, Roads, person, sheet

HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "证件状态", "发证日期", "乡镇", "村"]
_serials = itertools.count(101)


@pytest.fixture
def typed(road: Roads, monkeypatch: pytest.MonkeyPatch) -> Command:
    return typed_at(road.office, road.now, monkeypatch)


@pytest.fixture
def file(places, tmp_path: Path) -> str:
    """A list as the disabled persons' federation sends it; each test has another one."""
    _, town, village = places(0)
    row = ["张三", f"{person(serial=str(next(_serials)))}42", "肢体", "二级", "有效", "2026-10-15", town, village]
    path = tmp_path / f"持证残疾人_{PERIOD}.xlsx"
    path.write_bytes(sheet(HEADER, row))
    return str(path)


def registered(road: Roads) -> tuple[int, ...]:
    """How much the ledger knows: arrivals, packages, letters."""
    return road.rows(
        "SELECT (SELECT count(*) FROM core.arrival), (SELECT count(*) FROM core.package),"
        " (SELECT count(*) FROM out.delivery)"
    )[0]


def arrivals(road: Roads, dataset: str) -> list[tuple[str, str]]:
    """(contact, outcome) of what came in under a dataset, in the order in which it came."""
    return [
        (contact, outcome) for contact, outcome in road.rows(
            "SELECT a.contact, i.outcome FROM core.arrival a JOIN core.intake i USING (arrival_id)"
            " WHERE a.dataset = :dataset ORDER BY a.arrived_at, a.ordinal", dataset=dataset,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(("party", "dataset", "contact", "told"), [
    ("disabld", "disabled.certificate", None, "本县没有报送单位 disabld：应为 hub、insurance_med、civil"),
    ("bureau", "disabled.certificate", None, "本县没有报送单位 bureau：应为 hub"),
    ("disabled", "civil.dibao", None, "disabled 的协议中没有数据集 civil.dibao：应为 disabled.certificate"),
    ("disabled", "disabled.certificate", "civil-1", "disabled 没有联系人 civil-1：应为 disabled-1"),
    ("town", "town.verification", None, "请用 --contact 写明是 town 的哪一名联系人报来的：town-101、town-102"),
])  # fmt: skip
def test_a_slip_is_told_and_nothing_is_registered(
    road: Roads, typed: Command, file: str, party: str, dataset: str, contact: str | None, told: str
) -> None:
    before = registered(road)
    said = typed("receive", file, "--party", party, "--dataset", dataset, *(["--contact", contact] if contact else []))
    assert (said.exit_code, told in said.stderr) == (2, True), said.stderr
    assert registered(road) == before


def test_a_file_that_is_not_there_is_told(road: Roads, typed: Command) -> None:
    said = typed("receive", "nothing.xlsx", "--party", "disabled", "--dataset", "disabled.certificate")
    assert (said.exit_code, "没有文件 nothing.xlsx" in said.stderr) == (2, True)


def test_the_only_contact_on_record_is_meant(road: Roads, typed: Command, file: str) -> None:
    said = typed("receive", file, "--party", "disabled", "--dataset", "disabled.certificate")
    assert said.exit_code == 0, said.output
    verdict, counts = said.stdout.splitlines()
    assert f"：{PERIOD}.disabled.certificate." in verdict
    assert counts == "读到 1，入库 1，隔离 0"
    assert arrivals(road, "disabled.certificate")[-1] == ("disabled-1", "accepted")


def test_the_same_again_is_the_same_arrival(road: Roads, typed: Command, file: str) -> None:
    first, again = [typed("receive", file, "--party", "disabled", "--dataset", "disabled.certificate") for _ in "12"]
    assert first.stdout == again.stdout


def test_a_refusal_ends_the_command_and_another_dataset_is_another_arrival(
    road: Roads, typed: Command, file: str
) -> None:
    """The list of contacts is not this file: it is refused as such, and taken as what it is."""
    refused = typed("receive", file, "--party", "disabled", "--dataset", "hub.contact_list")
    assert (refused.exit_code, len(refused.stdout.splitlines())) == (1, 1), refused.output
    taken = typed("receive", file, "--party", "disabled", "--dataset", "disabled.certificate")
    assert taken.exit_code == 0, taken.output
    assert taken.stdout.splitlines()[1] == "读到 1，入库 1，隔离 0"


def test_another_contact_is_another_arrival(road: Roads, typed: Command, tmp_path: Path) -> None:
    path = tmp_path / f"入户核查_{PERIOD}.xlsx"
    path.write_bytes(sheet(["村"], ["东门村"]))
    for town in ("town-101", "town-102", "town-102"):
        typed("receive", str(path), "--party", "town", "--dataset", "town.verification", "--contact", town)
    assert arrivals(road, "town.verification") == [("town-101", "refused"), ("town-102", "refused")]
