"""What the catalogue says of each dataset, what holds of it once it is released, and who gives by it."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import openpyxl

from bidui.pipeline import catalogue
from bidui.pipeline.unseal import password
from bidui.policy.loading import load
from bidui.policy.source import PolicyError
from bidui.sealing import aeszip, workbook
from tests.clauses.proving import proves
from tests.clauses.stage import DISABLED, PERIOD, Hub, line, rows

DATASET = "disabled.certificate"


def directory(hub: Hub) -> openpyxl.Workbook:
    """The catalogue as it is handed to others."""
    office = hub.county.hub
    return openpyxl.load_workbook(io.BytesIO(catalogue.directory(office.policy, office.today(hub.county.room.now))[1]))


@proves("HY-02", object="release:2026-1", sees="file")
def test_the_directory_says_the_twelve_items_of_a_version(begun: Hub) -> None:
    book = directory(begun)
    said = dict(zip((cell.value for cell in book.worksheets[0][4]), line(book, DATASET).split("|"), strict=True))
    items = ["信息资源分类", "信息资源名称", "信息资源提供方", "信息资源格式", "信息项数", "更新周期", "共享类型",
             "共享条件", "共享范围", "共享方式", "所属系统", "安全级别"]  # fmt: skip
    assert [item for item in items if not said[item]] == []
    assert "目录版本：2026-1" in rows(book)[1], "目录没有写明是哪一版"


@proves("HY-03", object="release:2026-1", sees="refusal")
def test_what_was_released_is_not_edited(begun: Hub, tmp_path: Path) -> None:
    include = shutil.copytree(begun.county.hub.include, tmp_path / "edited")
    contract = include / "catalogue" / "disabled" / "certificate.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("残疾类别", "残疾种类"), encoding="utf-8")
    assert refusal(include, begun).startswith("catalogue/disabled/certificate.yaml"), "发布过的目录改了，检查没有拦住"


def refusal(include: Path, hub: Hub) -> str:
    """The first fault of a policy; empty when it is sound."""
    try:
        load(include, hub.county.hub.policy.profile.id)
    except PolicyError as error:
        return str(error.faults[0])
    return ""


@proves("SQ-01", object="dictionary:system_family", sees="file", swap=("industry,行业系统", "industry,其他"))
def test_the_directory_says_of_which_family_of_systems_a_dataset_is(begun: Hub) -> None:
    book = directory(begun)
    assert "全国系统|基础信息" in line(book, "hub.alleviated_person")
    assert "省市系统|工单管理" in line(book, "hub.province_work_order")
    assert "行业系统" in line(book, DATASET), "目录没有写明持证残疾人数据来自行业系统"


@proves("SQ-21", object="agreement:disabled", sees="row")
def test_what_an_agency_gives_is_compared(compared: Hub) -> None:
    compared.deliver("town_visits")
    assert line(compared.visits(1), DISABLED), "新办残疾证的户不在乡镇的核查表上：没有与残联比对"


def given(hub: Hub, dataset: str, by: str = "") -> str:
    """What becomes of a file with the example row of a dataset's contract; ``by`` whom, if not by its own party."""
    contract, (party, _, name) = hub.county.hub.policy.contracts[dataset], dataset.partition(".")
    party = by or party
    table = [[column.title for column in contract.columns], [column.example for column in contract.columns]]
    encoding, told = contract.layout.encoding, password(hub.county.hub, party, None, PERIOD)
    data = hub.written(table, encoding)
    sealed, ending = (aeszip.seal([(".csv", data)], told), "zip") if encoding else (workbook.seal(data, told), "xlsx")
    hub.county.parties.drop(sealed, party, name, f"{name}_{PERIOD}.{ending}")
    (received,) = hub.county.room.take_in()
    return received.outcome


@proves("SQ-22", object="agreement:reform", sees="refusal")
def test_reform_gives_projects_and_relocation(begun: Hub) -> None:
    assert [given(begun, dataset) for dataset in ("reform.project", "reform.relocation")] == ["accepted"] * 2, (
        "发改的项目和搬迁数据被退回"
    )


@proves("SQ-22", object="agreement:finance", sees="refusal")
def test_finance_gives_funds(begun: Hub) -> None:
    assert given(begun, "finance.card_payment") == "accepted", "财政的资金数据被退回"


@proves("SQ-22", object="agreement:hr", sees="refusal")
def test_human_resources_give_workshops(begun: Hub) -> None:
    assert given(begun, "hr.workshop") == "accepted", "人社的帮扶车间数据被退回"


@proves("ES-01", object="agreement:hr", sees="refusal")
def test_an_agency_gives_its_new_cases_and_who_applied_on_the_relief_platform(begun: Hub) -> None:
    ends = [given(begun, "hr.not_back_to_work"), given(begun, "civil.relief_applicant", by="hr")]
    assert ends == ["accepted"] * 2, "人社的未复工人员和救助平台申报人员被退回"
