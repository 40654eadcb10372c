"""Plain lists: datasets without a projection, as the contract alone describes them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bidui.domain.period import Period
from bidui.intake.normalise import Normalised, normalise
from bidui.intake.preamble import confirm
from bidui.intake.reading import read_table_bytes
from bidui.policy import contract_file
from bidui.policy.codes import CodeList
from bidui.policy.contract import Contract
from bidui.policy.source import read_yaml
from bidui.quality import duplicates
from bidui.synth import SynthError, settings
from bidui.synth.hub import hub
from bidui.synth.places import regions
from bidui.synth.plain import Plain
from bidui.synth.projection import datasets
from bidui.synth.world import World
from tests.unit.synth.made import INCLUDE, PERIODS, Made, repaired, tables

CONTACTS = "hub.contact_list"
TYPES = {"integer": "integer", "decimal": "number", "date": "date", "boolean": "boolean"}
SHARING = {"class": "unconditional", "scope": "各单位", "mode": "文件交换"}
TITLED = {
    "period": r"(?P<year>\d{4})年(?P<month>\d{1,2})月", "dataDate": r"数据截止日[:：](\d{4}-\d{2}-\d{2})",
    "footer": ["合计"],
}  # fmt: skip
PERSON = [
    {"name": "name", "title": "姓名", "role": "subject_name", "identifier": "name", "required": True},
    {"name": "id_no", "title": "证件号码", "role": "subject", "identifier": "id_number", "required": True, "key": 1},
]
PLACE = [
    {"name": "town", "title": "乡镇", "role": "region_town"},
    {"name": "village", "title": "村", "role": "region_village"},
]
CRAFT = [
    *PERSON, *PLACE,
    {"name": "household_no", "title": "户编号", "role": "household_key"},
    {"name": "head_name", "title": "户主", "role": "head_name", "identifier": "name"},
    {"name": "relation", "title": "与户主关系", "role": "relation", "codeList": "relation", "required": True},
    {"name": "kind", "title": "工种", "codeList": "craft", "required": True},
    {"name": "begun_on", "title": "开工日期", "type": "date", "required": True, "key": 2},
    {"name": "ended_on", "title": "收工日期", "type": "date"},
    {"name": "month", "title": "所属月份", "type": "date", "format": "yyyyMM"},
    {"name": "wage", "title": "工资", "type": "decimal", "minimum": 0.5, "maximum": 10_000, "required": True},
    {"name": "days", "title": "天数", "type": "integer", "minimum": 1, "maximum": 31},
    {"name": "insured", "title": "是否参保", "type": "boolean"},
    {"name": "master", "title": "师傅", "identifier": "name"},
    {"name": "phone", "title": "电话", "identifier": "phone"},
    {"name": "shop", "title": "作坊", "example": "某某（一）作坊"},
]  # fmt: skip
"""A column of each kind."""
WORKSHOP = [
    {"name": "shop_no", "title": "作坊编号", "key": 1, "required": True, "example": "ZF"}, *PLACE,
    {"name": "seats", "title": "工位", "type": "integer"},
]  # fmt: skip
TOOLS = [{**column, "key": None} for column in PERSON] + [
    {"name": "tool_no", "title": "工具编号", "key": 1, "required": True}, *PLACE
]  # fmt: skip


def contract(dataset: str, columns: list[dict[str, Any]], *, role: str = "craft", **custom: Any) -> dict[str, Any]:
    """A contract as a file states it."""
    party, _, name = dataset.partition(".")
    stated = {
        "party": party, "role": role, "delivery": "full", "cadence": "month", "clauses": ["QA-03"],
        "category": "部门/测试", "information": "push", "format": "text", "sharing": SHARING,
        "sourceSystem": "测试系统", "securityLevel": "level1", "layout": {"encoding": "gb18030"}, **custom,
    }  # fmt: skip
    return {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": dataset, "name": name, "version": "1.0.0",
        "status": "active", "customProperties": _listed(stated),
        "schema": [{"name": name, "properties": [_column(c) for c in columns]}],
    }  # fmt: skip


def _column(stated: dict[str, Any]) -> dict[str, Any]:
    ours = {key: stated[key] for key in ("role", "codeList", "identifier") if key in stated}
    options = {key: stated[key] for key in ("minimum", "maximum", "format") if key in stated}
    return {
        "name": stated["name"], "businessName": stated["title"], "required": stated.get("required", False),
        "logicalType": TYPES.get(stated.get("type", ""), "string"), "customProperties": _listed(ours),
        **({"logicalTypeOptions": options} if options else {}),
        **({"primaryKey": True, "primaryKeyPosition": stated["key"]} if stated.get("key") else {}),
        **({"examples": [stated["example"]]} if "example" in stated else {}),
    }  # fmt: skip


def _listed(ours: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"property": key, "value": value} for key, value in ours.items()]


def added(target: Path, contracts: list[dict[str, Any]], **lists: Any) -> Path:
    """The shipped policy with contracts that a guild provides (what is of villages, the towns), and their lists."""
    include = shutil.copytree(INCLUDE, target, ignore=shutil.ignore_patterns("releases", "sql", "templates"))
    yaml, (names, provided) = YAML(typ="safe"), ([c["id"] for c in contracts], {})
    for stated in contracts:
        party, _, name = stated["id"].partition(".")
        (include / "catalogue" / party).mkdir(exist_ok=True)
        yaml.dump(stated, include / "catalogue" / party / f"{name}.yaml")
        provided.setdefault(party, []).append({"dataset": stated["id"], "sealing": ["plain"], "words": [f"{name}名单"]})
    yaml.dump({"party": "guild", "kind": "agency", "provides": provided.get("guild", [])},
              include / "agreements" / "guild.yaml")  # fmt: skip
    town = yaml.load(include / "agreements" / "town.yaml")
    town["provides"] += provided.get("town", [])
    yaml.dump(town, include / "agreements" / "town.yaml")
    profile = yaml.load(include / "profiles" / "demo.yaml")
    profile["agreements"] += ["guild"]
    profile["datasets"] += names
    yaml.dump(profile, include / "profiles" / "demo.yaml")
    (include / "dictionary" / "craft.csv").write_text(
        "code,label,aliases,valid_from,valid_to\npotter,陶工,,2021-01-01,2026-10-31\nsmith,铁匠,,2021-01-01,\n",
        encoding="utf-8",
    )
    hub_file = include / "synth" / "demo.yaml"
    yaml.dump({**yaml.load(hub_file), "lists": {"datasets": names, "rows": 20, **lists}}, hub_file)
    return include


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("lists")
    include = added(
        folder / "include",
        [
            contract("guild.craft", CRAFT),
            contract("guild.tools", TOOLS, delivery="increment", format="workbook", layout=TITLED),
            contract("guild.yearly", CRAFT, validityMonths=12),
            contract("town.workshop", WORKSHOP, role="workshop", format="workbook", layout={}),
        ],
        datasets=["guild.craft", "guild.tools", "guild.yearly", "town.workshop", CONTACTS],
        of={"guild.tools": 33, CONTACTS: 2},
    )
    on_record = include / "contacts" / "demo.csv"
    kept = [line for line in on_record.read_text(encoding="utf-8").splitlines() if not line.startswith("disabled,")]
    on_record.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return Made(folder / "out", 1, 0.05, PERIODS[:2], include=include)


def taken(made: Made, line: dict[str, Any]) -> tuple[Contract, Normalised]:
    """One file as bidui's own intake reads it; what it says above the table is confirmed."""
    include, (party, _, name) = made.out.parent / "include", line["dataset"].partition(".")
    found = contract_file.read(read_yaml(include / "catalogue" / party / f"{name}.yaml", include))
    raw, period = read_table_bytes((made.out / line["path"]).read_bytes(), found), Period.parse(line["period"])
    said = confirm(raw, found)
    assert (said.period, said.issues) == (period if found.layout.period else None, ())
    assert bool(said.data_date) == bool(found.layout.data_date)
    codes = {
        c.code_list: CodeList.load(include / "dictionary" / f"{c.code_list}.csv") for c in found.columns if c.code_list
    }
    return found, normalise(raw, found, codes, on=period.last_day)


@pytest.mark.parametrize("dataset", ["guild.craft", "guild.tools", "guild.yearly", "town.workshop"])
def test_a_list_is_read_without_an_issue(made: Made, dataset: str) -> None:
    lines = made.of("rows", dataset=dataset)
    assert lines
    for line in lines:
        found, rows = taken(made, line)
        assert (len(rows.issues), len(rows.frame)) == (0, line["read"])
        assert duplicates.find(duplicates.with_keys(rows.frame, found), found) == {}
        assert rows.frame.notna().all()[[c.name for c in found.columns if c.role != "household_key"]].all()


def test_lists_are_as_long_as_the_settings_say(made: Made) -> None:
    assert {line["read"] for line in made.of("rows", dataset="guild.craft")} == {20}
    assert {line["read"] for line in made.of("rows", dataset="guild.tools")} == {33}
    assert all(line["quarantined"] == line["unresolved"] == 0 for line in made.of("rows", dataset="guild.craft"))


def test_its_people_are_those_of_the_roster_to_whom_nothing_happens(made: Made) -> None:
    roster = {r["id_no"]: (r["name"], r["town"], r["village"]) for r in tables(made, PERIODS[0])["roster"]}
    register = {r["id_no"]: r["household_no"] for r in tables(made, PERIODS[0])["register"]}
    befallen = {person for event in made.of("event") for person in event["persons"]}
    _, rows = taken(made, made.of("rows", dataset="guild.craft", period=PERIODS[0])[0])
    listed = {r.id_no: (r.name, r.town, r.village) for r in rows.frame.itertuples()}
    there = listed.keys() & roster.keys()  # the roster's own untidy rows are set aside
    assert len(there) > 15
    assert {n: listed[n] for n in there} == {n: roster[n] for n in there}
    assert not listed.keys() & befallen
    households = dict(zip(rows.frame["id_no"], rows.frame["household_no"], strict=True))
    assert {n: h for n, h in households.items() if h} == {n: register[n] for n in listed.keys() & register.keys()}
    assert len(listed.keys() & register.keys()) == 5  # a quarter


def test_parties_name_who_is_on_record_and_newcomers_each_with_an_address_of_the_party(made: Made) -> None:
    listed = {line["scope"]: taken(made, line)[1].frame for line in made.of("rows", dataset=CONTACTS)}
    assert {party: (set(rows["unit"]), list(rows["email"])) for party, rows in listed.items()} == {
        "insurance_med": ({"县医疗保障局"}, ["roster@yibao.example", "roster2@yibao.example"]),
        "civil": ({"县民政局"}, ["dibao@minzheng.example", "dibao2@minzheng.example"]),
        "disabled": ({"县残疾人联合会"}, ["disabled1@office.example", "disabled2@office.example"]),
    }  # of whom nobody is on record
    first, new = listed["civil"].fillna("").to_dict("records")
    assert (first["name"], first["phone"], first["remark"]) == ("民政专责联络员", "0999-8240001", "")
    assert (new["leader"], new["office"]) == (first["leader"], first["office"])
    assert not {new["name"], new["phone"]} & {first["name"], first["phone"]}


def test_values_fit_their_columns(made: Made) -> None:
    for period in map(Period.parse, PERIODS[:2]):
        _, rows = taken(made, made.of("rows", dataset="guild.craft", period=str(period))[0])
        frame = rows.frame
        assert frame["begun_on"].dt.date.between(period.first_day, period.last_day).all()
        assert (frame["begun_on"] <= frame["ended_on"]).all()
        assert set(frame["month"].dt.date) == {period.first_day}
        assert frame["wage"].between(0.5, 10_000).all()
        assert frame["days"].between(1, 31).all()
        assert set(frame["kind"]) == ({"potter", "smith"} if period.first_month == 10 else {"smith"})
        assert set(frame["shop"]) == {"某某(一)作坊"}


def test_a_full_list_holds_the_same_people_again_and_an_increment_others(made: Made) -> None:
    def people(dataset: str) -> list[set[str]]:
        return [{repaired(n) for n in taken(made, line)[1].frame["id_no"]} for line in made.of("rows", dataset=dataset)]

    first, again = people("guild.craft")
    assert first == again
    first, others = people("guild.tools")
    assert first != others


def test_a_list_comes_again_when_it_speaks_no_longer(made: Made) -> None:
    assert [line["period"] for line in made.of("rows", dataset="guild.yearly")] == PERIODS[:1]


def test_what_regions_hand_in_has_a_file_for_each_with_its_own_villages(made: Made) -> None:
    places = regions(INCLUDE, "demo", hub(INCLUDE, "demo").levels)
    lines = made.of("rows", dataset="town.workshop", period=PERIODS[0])
    assert [line["scope"] for line in lines] == [town.code for town in places.of("town")]
    numbers: list[str] = []
    for line in lines:
        _, rows = taken(made, line)
        assert set(rows.frame["town"]) == {places.known[line["scope"]].name}
        assert 0 < len(rows.frame) == rows.frame["village"].nunique() <= 20
        numbers += list(rows.frame["shop_no"])
    assert len(set(numbers)) == len(numbers)


def test_the_name_of_a_file_holds_the_agreement_s_word_and_the_month(made: Made) -> None:
    (line,) = made.of("rows", dataset="guild.tools", period=PERIODS[0])
    assert line["path"] == "2026-10/guild/tools/tools名单_202610.xlsx"


# --- what is refused ---
@pytest.mark.parametrize(
    ("custom", "columns", "lists", "code"),
    [
        ({"role": ["craft", "named"]}, CRAFT, {}, "needs_projection"),
        ({}, CRAFT, {"datasets": ["guild.craft", "police.nothing"]}, "not_given"),
        ({"layout": {"period": r"第(?P<quarter>\d)期"}}, CRAFT, {}, "unknown_line"),
    ],
)
def test_a_list_that_cannot_be_plain_is_an_error(
    tmp_path: Path, custom: dict[str, Any], columns: list[dict[str, Any]], lists: dict[str, Any], code: str
) -> None:
    include = added(tmp_path / "include", [contract("guild.craft", columns, **custom)], **lists)
    with pytest.raises(SynthError) as raised:
        plain(include)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("columns", "labels", "code"),
    [
        (CRAFT, "code,label,aliases,valid_from,valid_to\npotter,陶工,,2021-01-01,2025-12-31\n", "no_labels"),
        ([*PLACE, {"name": "kind", "title": "工种", "codeList": "craft", "key": 1}], "", "no_key"),
        (CRAFT, "", "too_few_rows"),
    ],
)
def test_a_list_that_cannot_be_filled_is_an_error(
    tmp_path: Path, columns: list[dict[str, Any]], labels: str, code: str
) -> None:
    include = added(tmp_path / "include", [contract("guild.craft", columns)])
    if labels:
        (include / "dictionary" / "craft.csv").write_text(labels, encoding="utf-8")
    with pytest.raises(SynthError) as raised:
        list(plain(include).tables(0, Period.parse(PERIODS[0]), set(), 1))
    assert raised.value.code == code


def plain(include: Path) -> Plain:
    """The lists of a hub in which nobody lives."""
    found, here = settings.settings(include, "demo")[0], hub(include, "demo")
    places = regions(include, "demo", here.levels)
    return Plain.of(found, World([], [], []), places, here, include, datasets(include))


def test_all_means_what_is_provided_and_neither_projected_nor_made_by_the_hub(tmp_path: Path) -> None:
    include = added(tmp_path / "include", [contract("guild.craft", CRAFT)], datasets="all")
    made = {dataset.id for dataset in plain(include).datasets}
    assert {"guild.craft", "hub.contact_list"} <= made
    assert not made & {"civil.dibao", "town.verification"}
