"""Agreements as Word files: what was agreed stands in them, and nothing of anybody else."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from typer.testing import CliRunner

from bidui.cli import app
from bidui.pipeline import agreement_page
from bidui.pipeline.catalogue import ExportError
from bidui.policy.policy_set import PolicySet

DAY = date(2026, 12, 1)
INSURANCE, CIVIL, FEDERATION, TOWNS = "insurance_med", "civil", "disabled", "town"


def opened(policy: PolicySet, party: str, day: date = DAY) -> Any:
    """The agreement with a party, opened again."""
    return Document(io.BytesIO(agreement_page.document(policy, party, day)[1]))


def table(document: Any, caption: str) -> list[list[str]]:
    """Cells of the table below a caption; none where there is no such caption."""
    body = list(document.element.body.iterchildren())
    texts = ["".join(node.itertext()) for node in body]
    place = next((at for at, text in enumerate(texts) if text.startswith(caption)), None)
    if place is None:
        return []
    found = next(t for t in document.tables if t._tbl is next(n for n in body[place:] if n.tag.endswith("}tbl")))
    return [[cell.text for cell in row.cells] for row in found.rows]


def text(document: Any) -> str:
    """All that stands in it."""
    cells = (cell.text for made in document.tables for row in made.rows for cell in row.cells)
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


@pytest.fixture
def agreed(policy: PolicySet) -> Callable[..., PolicySet]:
    """The policy, in which the federation's agreement says something else."""

    def changed(**stated: Any) -> PolicySet:
        made = policy.agreements[FEDERATION].model_copy(update=stated)
        return replace(policy, agreements={**policy.agreements, FEDERATION: made})

    return changed


def test_both_sides_and_the_articles(policy: PolicySet) -> None:
    document, made = opened(policy, FEDERATION), policy.agreements[FEDERATION]
    said = [p.text for p in document.paragraphs if p.text.strip()]
    assert said[:3] == ["数据共享协议", f"甲方：{policy.profile.desk.title}", f"乙方：{made.title}"]
    assert [p.text.partition("　")[0] for p in document.paragraphs if p.style.name == "Heading 1"] == [
        f"第{number}条" for number in [*"一二三四五六七八九十", "十一", "十二"]
    ]
    assert f"乙方（盖章）：{made.title}" in said
    assert "本协议自2026年1月1日起生效，长期有效" in text(document)


def test_terms_are_those_of_the_agreement(agreed: Callable[..., PolicySet]) -> None:
    made = agreed(
        purpose="试验目的", legal_basis="试验依据", uses=("assistance",), may={"query": "own", "statistics": "all"},
        method="试验方法", channels=("folder",), retention_months=7, valid_to=date(2027, 6, 30),
    )  # fmt: skip
    document = opened(made, FEDERATION)
    for words in (
        "为试验目的，依据试验依据，", "只用于低收入人口认定和社会救助。", "比对方法：试验方法。",
        "数据通过交换文件夹传递，", "保存7个月", "至2027年6月30日终止", "自收到更正单之日起3个工作日内",
    ):  # fmt: skip
        assert words in text(document), words
    assert "工作统计和上级报告" not in "".join(p.text for p in document.paragraphs)
    permissions = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert permissions == [
        ["权限", "查询", "统计", "录入", "修改", "增减"], ["范围", "本区域", "全域", "—", "—", "—"],
    ]  # fmt: skip


def test_what_a_party_gives_is_told_on_one_line(policy: PolicySet) -> None:
    head, *rows = table(opened(policy, INSURANCE), "附表1")
    contract = policy.contracts["insurance_med.high_selfpay"]
    (row,) = [dict(zip(head, row, strict=True)) for row in rows if row[0] == contract.title]
    provision = policy.agreements[INSURANCE].provision(contract.id)
    assert provision
    assert row == {
        "数据": "高额自付费用", "周期和时限": "每月，增量；每月25日至30日", "来源系统": contract.source_system,
        "口径": provision.calibre, "约定字段": "、".join(column.title for column in contract.columns),
        "共享类型和分级": "有条件共享；一般数据4级", "目录版本": f"第{contract.version}版",
        "比对事项": row["比对事项"], "加密方式": "加密压缩包（用约定密码）",
    }  # fmt: skip
    read_by = [policy.rules[name].title for name in ("cost_parts_differ", "high_selfpay", "selfpay_year")]
    assert row["比对事项"].split("；") == read_by


def test_rules_of_what_is_derived_are_told_of_what_it_is_made_of(policy: PolicySet) -> None:
    made = policy.agreements["hub"].model_copy(update={"kind": "agency"})
    whole = replace(policy, agreements={**policy.agreements, "hub": made})
    (row,) = [
        row
        for row in table(opened(whole, "hub"), "附表1")
        if row[0] == whole.contracts["hub.alleviated_person"].title_on(DAY)
    ]
    assert policy.rules["coverage_there"].title in row[7].split("；")


def test_only_the_agreed_fields_are_told(agreed: Callable[..., PolicySet], policy: PolicySet) -> None:
    (first, *_) = policy.agreements[FEDERATION].provides
    made = agreed(provides=(first.model_copy(update={"fields": ("name", "certificate_no")}),))
    columns = [c.title for c in policy.contracts[first.dataset].columns if c.name in ("name", "certificate_no")]
    assert table(opened(made, FEDERATION), "附表1")[1][4] == "、".join(columns)


def test_a_withdrawn_dataset_is_there_no_more(agreed: Callable[..., PolicySet], policy: PolicySet) -> None:
    title = policy.contracts["disabled.certificate"].title
    assert title in text(opened(policy, FEDERATION))
    kept = tuple(p for p in policy.agreements[FEDERATION].provides if p.dataset != "disabled.certificate")
    assert title not in text(opened(agreed(provides=kept), FEDERATION))
    without = {d: c for d, c in policy.contracts.items() if d != "disabled.certificate"}
    assert title not in text(opened(replace(policy, contracts=without), FEDERATION))


def test_a_party_that_gives_nothing_has_no_first_annex(agreed: Callable[..., PolicySet]) -> None:
    document = opened(agreed(provides=()), FEDERATION)
    assert table(document, "附表1　") == []
    assert "乙方不向甲方提供数据" in text(document)


def test_what_a_party_gets_is_told_with_the_columns_that_it_may_see(agreed: Callable[..., PolicySet]) -> None:
    made = agreed(receives={"agency_findings": ("finding_no", "kind"), "quarterly_bulletin": None, "town_visits": ()})
    told = {row[0]: row[1:] for row in table(opened(made, FEDERATION), "附表2")[1:]}
    assert told["比对差异更正单"] == ["查询", "防止返贫致贫动态监测和帮扶", "差异号、差异类型"]
    assert told["数据质量通报"] == ["统计", "工作统计和上级报告", "—"]
    assert told["入户核查表"][2] == "—"
    assert len(told) == 3


def test_nothing_of_another_party_is_told(policy: PolicySet) -> None:
    for party in (INSURANCE, CIVIL, FEDERATION):
        said = text(opened(policy, party))
        for made in (made for made in policy.agreements.values() if made.party != party and made.kind == "agency"):
            theirs = [p.dataset for p in made.provides if not policy.agreements[party].provision(p.dataset)]
            for word in (*theirs, *(c.email for c in made.contacts)):
                assert word not in said, (party, word)


def test_contacts_who_have_left_are_not_told_and_those_to_come_are(agreed: Callable[..., PolicySet]) -> None:
    (acting, *_) = agreed().agreements[FEDERATION].contacts
    people = [
        acting.model_copy(update={"id": name, "name": name, "valid_from": begun, "valid_to": ended})
        for name, begun, ended in (
            ("甲", date(2026, 1, 1), date(2026, 11, 30)), ("乙", date(2026, 1, 1), date(2026, 12, 31)),
            ("丙", date(2026, 12, 20), None),
        )
    ]  # fmt: skip
    rows = table(opened(agreed(contacts=tuple(people)), FEDERATION), "附表3")
    assert [(row[3], row[7]) for row in rows[2:]] == [("乙", "2026-01-01至2026-12-31"), ("丙", "2026-12-20起")]
    assert rows[2][1:3] == [acting.leader, acting.office]


def test_our_own_contacts_stand_beside_theirs(policy: PolicySet) -> None:
    (own,) = policy.agreements["hub"].contacts
    _, first, *_ = table(opened(policy, FEDERATION), "附表3")
    assert first == [
        policy.profile.desk.title, own.leader, own.office, own.name, own.phone, own.email, "—", "2026-01-01起",
    ]  # fmt: skip


def test_whose_tasks_a_party_took_over_is_told(agreed: Callable[..., PolicySet], policy: PolicySet) -> None:
    said = f"自2026年11月1日起，乙方承接{policy.name_of(CIVIL)}的有关职能"
    assert said in text(opened(agreed(succeeds={CIVIL: date(2026, 11, 1)}), FEDERATION))
    assert "乙方承接" not in text(opened(policy, FEDERATION))


def test_everybody_who_signs_keeps_a_copy(policy: PolicySet) -> None:
    assert "本协议一式两份，双方各执一份" in text(opened(policy, FEDERATION)).replace("2份", "两份")
    towns = len(policy.regions_of("town", DAY))
    assert f"本协议一式{towns + 1}份，甲方和乙方各地区各执一份" in text(opened(policy, TOWNS))


def test_an_agreement_with_regions_names_and_is_signed_by_each(policy: PolicySet) -> None:
    document = opened(policy, TOWNS)
    names = [region.name for region in policy.regions_of("town", DAY)]
    assert f"乙方：{policy.agreements[TOWNS].title}（{'、'.join(names)}）" in text(document)
    assert [row[0] for row in table(document, "乙方：")[1:]] != names  # the first table is that of permissions
    signed = next(t for t in document.tables if t.rows[0].cells[0].text == "地区")
    assert [row.cells[0].text for row in signed.rows[1:]] == names
    assert {row[0] for row in table(document, "附表3")[2:]} == set(names)


def test_words_are_those_of_the_day(policy: PolicySet) -> None:
    renamed = policy.codes["use"]
    entries = tuple(replace(e, valid_to=date(2026, 12, 31)) if e.code == "monitoring" else e for e in renamed.entries)
    newer = replace(entries[0], label="新的用途", valid_from=date(2027, 1, 1), valid_to=None)
    changed = replace(policy, codes={**policy.codes, "use": replace(renamed, entries=(*entries, newer))})
    told = [text(opened(changed, FEDERATION, day)) for day in (DAY, date(2027, 1, 1))]
    assert ["新的用途" in said for said in told] == [False, True]


def test_the_annexes_lie_across_and_fit_their_page(policy: PolicySet) -> None:
    document = opened(policy, INSURANCE)
    upright, across = document.sections
    assert (upright.orientation, across.orientation) == (WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE)
    for made in document.tables:
        page = upright if made is document.tables[0] or len(made.columns) == 6 else across
        room = page.page_width - page.left_margin - page.right_margin
        assert sum(column.width for column in made.columns) == pytest.approx(room, rel=0.01)


def test_two_prints_are_the_same_bytes(policy: PolicySet, tmp_path: Path) -> None:
    file = agreement_page.write(policy, FEDERATION, DAY, tmp_path / "new" / "a.docx")
    before = file.read_bytes(), file.stat().st_mtime_ns
    agreement_page.write(policy, FEDERATION, DAY, file)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_all_but_the_hub_and_what_has_ended_are_printed(agreed: Callable[..., PolicySet], tmp_path: Path) -> None:
    policy = agreed(valid_to=date(2026, 11, 30))
    names = [path.name for path in agreement_page.write_all(policy, DAY, tmp_path)]
    parties = [made for made in policy.agreements.values() if made.kind != "hub" and made.party != FEDERATION]
    assert names == [f"数据共享协议（{made.title}）.docx" for made in parties]


def test_a_folder_that_cannot_be_written_to_is_told(policy: PolicySet, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="协议写不进"):
        agreement_page.write(policy, FEDERATION, DAY, tmp_path / "file" / "a.docx")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hub"], "本县没有要签协议的单位"), (["nobody"], "本县没有要签协议的单位"), ([], "写明一个单位代号"),
        ([FEDERATION, "--all"], "写明一个单位代号"), ([FEDERATION, "--on", "2027"], "日期写法不对"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_told(repository: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    asked = ["--profile", "demo", "--include", str(repository / "include"), "--to", str(tmp_path / "a.docx")]
    done = CliRunner().invoke(app, ["agreement", "print", *arguments, *asked])
    assert done.exit_code == 2
    assert said in done.output.replace("\n", "")
    assert list(tmp_path.iterdir()) == []
