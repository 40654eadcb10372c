"""The catalogue as others get it: the workbook opened again, and the linked data walked through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from bidui.cli import app
from bidui.delivery import dcat
from bidui.pipeline import catalogue
from bidui.policy.policy_set import PolicySet
from bidui.policy.release import Release, Releases
from bidui.policy.source import PolicyError

DAY = date(2026, 11, 22)
DATASET = "disabled.certificate"
REGISTER = "hub.alleviated_person"
HEADING_ROW = 4
RESOURCE_COLUMNS = [
    "序号", "信息资源分类", "系统类别", "信息类别", "信息资源名称", "信息资源代码",
    "信息资源提供方", "信息资源摘要", "信息资源格式",
    "信息项数", "更新周期", "共享类型", "共享条件", "共享范围", "共享方式", "共享依据", "所属系统", "安全级别",
    "版本", "发布日期",
]  # fmt: skip
ITEM_COLUMNS = ["序号", "信息项名称", "英文名", "数据类型", "必填", "代码表", "分级", "权责方"]


@pytest.fixture(scope="module")
def drafts(policy: PolicySet) -> PolicySet:
    """The shipped policy, as if nothing had been released yet."""
    return replace(policy, releases=Releases())


@pytest.fixture(scope="module")
def exported(drafts: PolicySet, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return catalogue.export(drafts, tmp_path_factory.mktemp("exported") / "to" / "the office", DAY)


@pytest.fixture(scope="module")
def book(exported: list[Path]) -> Workbook:
    return load_workbook(exported[0])


@pytest.fixture(scope="module")
def linked(exported: list[Path]) -> dict[str, Any]:
    return json.loads(exported[1].read_text(encoding="utf-8"))


def table(book: Workbook, name: str, heading_row: int = HEADING_ROW) -> list[dict[str, Any]]:
    """The rows of a sheet by their headings."""
    heading, *rows = book[name].iter_rows(min_row=heading_row, values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def row_of(book: Workbook, dataset: str) -> dict[str, Any]:
    return next(row for row in table(book, "信息资源") if row["信息资源代码"] == dataset)


def items_of(book: Workbook, dataset: str) -> list[dict[str, Any]]:
    number = row_of(book, dataset)["序号"]
    return table(book, next(name for name in book.sheetnames if name.startswith(f"{number:02.0f} ")))


def test_one_sheet_lists_the_resources_and_each_has_a_sheet_of_its_items(drafts: PolicySet, book: Workbook) -> None:
    first = book["信息资源"]
    assert [cell.value for cell in first[HEADING_ROW]] == RESOURCE_COLUMNS
    assert [row["信息资源代码"] for row in table(book, "信息资源")] == sorted(drafts.contracts)
    assert len(book.sheetnames) == 1 + len(drafts.contracts)
    assert all([cell.value for cell in sheet[HEADING_ROW]] == ITEM_COLUMNS for sheet in book.worksheets[1:])
    assert (first.freeze_panes, book.worksheets[1].freeze_panes) == ("F5", "C5")


def test_a_resource_says_its_twelve_items_in_chinese(book: Workbook) -> None:
    said = row_of(book, DATASET)
    assert [said.pop(name) for name in ("信息资源名称", "信息资源提供方", "信息资源格式", "信息项数")] == [
        "持证残疾人", "县残疾人联合会", "电子表格", 10,
    ]  # fmt: skip
    assert [said.pop(name) for name in ("更新周期", "共享类型", "共享方式", "安全级别", "发布日期")] == [
        "每月", "有条件共享", "文件交换", "一般数据4级", None,
    ]  # fmt: skip
    assert all(said.values()), said


def test_an_item_says_its_type_its_list_its_class_and_who_answers_for_it(book: Workbook) -> None:
    status = next(item for item in items_of(book, DATASET) if item["英文名"] == "status")
    assert status == {
        "序号": 6, "信息项名称": "证件状态", "英文名": "status", "数据类型": "代码型", "必填": "是",
        "代码表": "certificate_status", "分级": "一般", "权责方": "县残疾人联合会",
    }  # fmt: skip


def test_a_field_of_the_register_is_owned_by_the_agency_in_whose_remit_it_is(book: Workbook) -> None:
    owners = {item["英文名"]: item["权责方"] for item in items_of(book, REGISTER)}
    assert (owners["dibao"], owners["disability"], owners["household_no"]) == (
        "县民政局", "县残疾人联合会", "信息监测中心",
    )  # fmt: skip


def released(policy: PolicySet, **versions: str) -> PolicySet:
    """The policy with two releases: one of all that stands in ``versions``, and one of the first of them only."""
    frozen = {
        (dataset, version): policy.contracts[dataset].model_copy(update={"version": version, "title": "已发布的名称"})
        for dataset, version in versions.items()
    }
    stated = {dataset: {"version": version, "hash": ""} for dataset, version in versions.items()}
    kept = dict([next(iter(stated.items()))])
    dated = [("2026-1", date(2026, 10, 8), "2026-11", stated), ("2026-2", date(2026, 12, 8), "2027-01", kept)]
    names = ("number", "released_on", "in_force_from", "contracts")
    releases = [Release(**dict(zip(names, told, strict=True)), agreed=(), changes=(), file="") for told in dated]
    return replace(policy, releases=Releases(tuple(releases), frozen))


def test_what_was_released_stands_as_released_with_its_day_and_what_has_ended_does_not(drafts: PolicySet) -> None:
    both = released(drafts, **{DATASET: "1.7.0", REGISTER: "1.7.0"})
    listed = {c.id: (c, day) for c, day in catalogue.listed(both, DAY)}
    contract, day = listed.pop(DATASET)
    assert (contract.title, contract.version, day) == ("已发布的名称", "1.7.0", date(2026, 10, 8))
    assert REGISTER not in listed
    assert {day for _, day in listed.values()} == {None}


def test_a_dataset_is_called_as_it_is_on_the_day(drafts: PolicySet, book: Workbook, linked: dict[str, Any]) -> None:
    """The words of the field changed with 2026 (docs/how-to/change-a-word)."""
    renamed = drafts.contracts[REGISTER].titles[date(2026, 1, 1)]
    assert row_of(book, REGISTER)["信息资源名称"] == renamed
    assert renamed in {one["dct:title"]["@value"] for one in linked["dcat:dataset"]}
    before = {contract.id: contract.title for contract, _ in catalogue.listed(drafts, date(2025, 12, 31))}
    assert before[REGISTER] == drafts.contracts[REGISTER].title != renamed


def test_the_workbook_names_the_release(drafts: PolicySet, tmp_path: Path) -> None:
    book = load_workbook(catalogue.export(released(drafts, **{DATASET: "1.7.0"}), tmp_path, DAY)[0])
    assert "目录版本：2026-2" in book["信息资源"]["A2"].value
    assert row_of(book, DATASET)["发布日期"] == "2026-10-08"


def test_the_linked_data_is_a_catalogue_of_every_dataset(drafts: PolicySet, linked: dict[str, Any]) -> None:
    assert linked["@type"] == "dcat:Catalog"
    assert [found["dct:identifier"] for found in linked["dcat:dataset"]] == sorted(drafts.contracts)
    assert {found["@type"] for found in linked["dcat:dataset"]} == {"dcat:Dataset"}
    ids = [node["@id"] for found in linked["dcat:dataset"] for node in (found, *found.get("dcat:distribution", ()))]
    assert len(ids) == len(set(ids))


def test_a_dataset_of_the_linked_data(linked: dict[str, Any]) -> None:
    found = next(one for one in linked["dcat:dataset"] if one["dct:identifier"] == "insurance_med.enrolment_roster")
    assert found["dct:title"] == {"@value": "基本医疗保险参保名册", "@language": "zh-CN"}
    assert found["dct:publisher"]["foaf:name"]["@value"] == "县医疗保障局"
    assert found["dct:accrualPeriodicity"] == {"@id": "http://purl.org/cld/freq/monthly"}
    assert found["dct:accessRights"]["rdfs:label"]["@value"] == "有条件共享"
    assert found["dcat:version"] == "1.0.0"
    assert "dct:issued" not in found
    (distribution,) = found["dcat:distribution"]
    assert distribution["dcat:mediaType"] == {"@id": "https://www.iana.org/assignments/media-types/text/csv"}


def test_two_hubs_datasets_and_parties_are_not_the_same_thing(linked: dict[str, Any]) -> None:
    one = next(one for one in linked["dcat:dataset"] if one["dct:identifier"] == DATASET)
    assert (one["@id"], one["dct:publisher"]["@id"]) == (
        f"urn:bidui:demo:dataset:{DATASET}", "urn:bidui:demo:party:disabled",
    )  # fmt: skip


def test_who_takes_no_part_here_is_called_by_its_name_all_the_same(book: Workbook) -> None:
    assert row_of(book, "fire.fire_loss")["信息资源提供方"] == "县消防救援大队"


def test_what_is_withheld_is_told_of_but_comes_in_no_form(policy: PolicySet) -> None:
    contract = policy.contracts[DATASET]
    sharing = contract.sharing.model_copy(update={"class_": "withheld"})
    (found,) = dcat.catalogue(policy, [(contract.model_copy(update={"sharing": sharing}), None)], DAY)["dcat:dataset"]
    assert found["dct:accessRights"]["rdfs:label"]["@value"] == "不予共享"
    assert "dcat:distribution" not in found


def test_a_released_dataset_says_when_it_was_issued(policy: PolicySet) -> None:
    (found,) = dcat.catalogue(policy, [(policy.contracts[DATASET], DAY)], DAY)["dcat:dataset"]
    assert found["dct:issued"] == {"@value": "2026-11-22", "@type": "xsd:date"}


def nodes(found: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document, its context apart."""
    if isinstance(found, dict):
        yield found
    for child in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from nodes(child)


def test_every_term_of_the_linked_data_belongs_to_a_declared_vocabulary(linked: dict[str, Any]) -> None:
    declared = linked.pop("@context")
    for node in nodes(linked):
        terms = [key for key in node if not key.startswith("@")] + [node[key] for key in ("@type",) if key in node]
        assert {term.split(":")[0] for term in terms} <= set(declared)
        assert node, "nothing is said by an empty object"
    linked["@context"] = declared


def test_exporting_again_changes_nothing(drafts: PolicySet, exported: list[Path]) -> None:
    before = [(path, path.stat().st_mtime_ns) for path in exported]
    again = catalogue.export(drafts, exported[0].parent, DAY)
    assert [(path, path.stat().st_mtime_ns) for path in again] == before
    assert sorted(exported[0].parent.iterdir()) == sorted(exported)


def test_a_folder_that_cannot_be_written_is_told_in_chinese(policy: PolicySet, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(catalogue.ExportError, match=f"^目录写不进 {tmp_path / 'taken'}："):
        catalogue.export(policy, tmp_path / "taken", DAY)


def test_a_template_with_a_fault_is_told_with_its_file(policy: PolicySet, tmp_path: Path) -> None:
    broken = replace(policy, include=tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "catalogue.yaml").write_text("id: catalogue\ntitel: 目录\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"catalogue\.yaml:2"):
        catalogue.export(broken, tmp_path / "to", DAY)
    assert not (tmp_path / "to").exists()


def test_the_command_says_what_it_wrote_and_why_it_could_not(policy: PolicySet, tmp_path: Path) -> None:
    def said(folder: Path) -> tuple[int, str]:
        words = ["catalogue", "export", "--profile", policy.hub, "--include", str(policy.include), "--to", str(folder)]
        done = CliRunner().invoke(app, words)
        return done.exit_code, done.output

    code, output = said(tmp_path / "to")
    assert (code, sorted(output.splitlines())) == (0, sorted(map(str, (tmp_path / "to").iterdir())))
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    code, output = said(tmp_path / "taken")
    assert code == 1
    assert output.startswith(f"目录写不进 {tmp_path / 'taken'}：")
