"""What reports say of a closed month: findings in words, facts of leads, who is not placed, what is missing."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from bidui.casework import closing
from bidui.identity import settling
from bidui.pipeline import conclude
from bidui.pipeline.explain import explain
from bidui.pipeline.explain_page import page
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import Subject, _Maker, prepare
from bidui.pipeline.recipients import Recipient
from bidui.store import ledger, tables
from bidui.store.database import Role
from tests.conftest import AS_OF
from tests.sql.case import table
from tests.sql.play import Play

OCTOBER, NOVEMBER = "2026-10", "2026-11"
REGISTER, ROSTER = "hub.alleviated_person", "insurance_med.enrolment_roster"
EXPENSE, BENEFIT, CERTIFICATE = "insurance_med.high_selfpay", "civil.dibao", "disabled.certificate"
TOWN, VILLAGE = "990821101", "990821101201"


class Hub:
    """A hub's office, and its month."""

    def __init__(self, office: Office) -> None:
        self.office, self.play = office, Play(office.database, office.policy, AS_OF)
        self.round = 0

    def month(self, given: Mapping[str, str], period: str = NOVEMBER, **about: Any) -> conclude.Concluded:
        """Take in a dataset each (one that comes by regions as the first region's, nil from the others); close."""
        drawn = {dataset: table(rows) for dataset, rows in given.items()}
        with self.play.store.begin(Role.INTAKE) as connection:
            self.play.mint(connection, [row for rows in drawn.values() for row in rows])
            for dataset, rows in drawn.items():
                contract = self.office.policy.contracts[dataset]
                scopes = list(self.office.policy.parts_of(dataset, AS_OF.date())) or [self.office.policy.hub]
                for scope in scopes[: len(scopes) - about.get("missing", 0)]:
                    first = scope == scopes[0]
                    stated = {"period": period, "scope": scope, "kind": "full" if first else "nil",
                              "data_date": date(2026, 11, 20), "recorded_as_of": self.play.as_of}  # fmt: skip
                    submission = self.play.submit(connection, contract, stated)
                    if first:
                        self.play.settle(connection, contract, submission, rows)
                        settling.keep_sightings(connection, contract.table, submission)
        return self.close(period)

    def close(self, period: str = NOVEMBER) -> conclude.Concluded:
        done = conclude.close(self.office, period, self.play.as_of)
        self.round = done.round
        return done

    def again(self, dataset: str, rows: str) -> conclude.Concluded:
        """A corrected file for the one that came before; close again."""
        self.play.as_of += timedelta(hours=1)
        contract, drawn = self.office.policy.contracts[dataset], table(rows)
        with self.play.store.begin(Role.INTAKE) as connection:
            before = ledger.in_force(connection, self.office.policy.hub, dataset, [NOVEMBER], self.play.as_of)[0]
            self.play.mint(connection, drawn)
            stated = {"period": NOVEMBER, "scope": before.scope, "supersedes": before.submission_id,
                      "recorded_as_of": self.play.as_of}  # fmt: skip
            self.play.settle(connection, contract, self.play.submit(connection, contract, stated), drawn)
        return self.close()

    def rows(self, report: str, recipe: str, recipient: str) -> list[dict[str, Any]]:
        """The rows of a report as the recipe's delivery to the recipient would have them."""
        subject = Subject(NOVEMBER, f"round-{self.round}", round=self.round)
        with self.play.store.begin(Role.DELIVER) as connection:
            asked = self.office.policy.recipes[recipe]
            to = Recipient.of(recipient)
            return _Maker(self.office, connection, asked, to, subject, "none", self.play.as_of)._report(report)

    def sheet(self, recipe: str, recipient: str) -> list[dict[str, str]]:
        """The rows of the workbook that a recipient gets, by their headers."""
        subject = Subject(NOVEMBER, f"round-{self.round}", round=self.round)
        made = prepare(self.office, recipe, Recipient.of(recipient), subject, self.play.as_of)
        assert made is not None
        with self.play.store.begin(Role.DELIVER) as connection:
            content = connection.execute(
                text("SELECT content_hash FROM out.document WHERE delivery_id = :id AND sealing = 'password'"),
                {"id": made.delivery_id},
            ).scalar_one()
        lines = list(openpyxl.load_workbook(io.BytesIO(self.office.vault.get(content))).worksheets[0].values)
        head = next(at for at, line in enumerate(lines) if line[0] in {"差异号", "线索号"})
        found = (dict(zip(lines[head], line, strict=True)) for line in lines[head + 1 : head + 1 + made.rows])
        return [{str(title): str(cell or "") for title, cell in row.items()} for row in found]

    def lead_in_words(self, household: str) -> str:
        found = explain(self.office, household, self.play.as_of)
        assert found is not None
        return page(self.office, found, self.play.as_of)


@pytest.fixture
def hub(office: Office) -> Hub:
    return Hub(office)


COUNTY = {
    REGISTER: f"""
        person | household | name | region    | dibao | disability | monitored_category
        甲     | 一户      | 甲一 | {VILLAGE} | false |            | unstable
        乙     | 一户      | 乙一 | {VILLAGE} | true  | physical_2 | unstable
        丙     | 二户      | 丙一 | {VILLAGE} | false | physical_2 | unstable
        丁     | 二户      | 丁一 | {VILLAGE} | false | mental_3   | unstable
        戊     | 二户      | 戊一 | {VILLAGE} | false |            | unstable
        戊     | 三户      | 戊一 | {VILLAGE} | false |            | unstable
    """,
    ROSTER: """
        person | name | state   | stop_reason | stop_date  | aid_category
        甲     | 甲二 | insured |             |            |
        乙     | 乙一 | ended   | died        | 2026-05-04 |
        丙     | 丙一 | insured |             |            |
        丁     | 丁一 | insured |             |            |
        己     | 己一 | insured |             |            | monitored
        庚     | 庚一 | ended   | died        | 2026-06-01 |
    """,
    BENEFIT: f"""
        person | household | name | region    | started_on
        甲     | 低保一    | 甲一 | {VILLAGE} | 2025-03-01
        庚     | 低保二    | 庚一 | {VILLAGE} | 2025-03-01
        辛     | 低保二    | 辛一 | {VILLAGE} | 2025-03-01
        辛     | 低保三    | 辛一 | {VILLAGE} | 2025-03-01
    """,
    CERTIFICATE: """
        person | name | category | level | status    | issued_on
        甲     | 甲一 | visual   | 3     | valid     | 2020-01-01
        丙     | 丙一 | physical | 2     | cancelled | 2020-01-01
        丁     | 丁一 | mental   | 4     | valid     | 2020-01-01
    """,
    EXPENSE: f"""
        person | name | region    | settlement_no | settled_on | total   | basic_paid | own_paid
        壬     | 壬一 | {VILLAGE} | J26-07        | 2026-11-03 | 900.50  | 300        | 500
    """,
}  # fmt: skip


def test_every_kind_of_finding_is_told_in_words(hub: Hub) -> None:
    hub.month(COUNTY)
    shown = {
        party: {
            (row["差异类型"], row["姓名"], row["单据号"], row["甲方登记"], row["乙方登记"], row["疑似错误方"])
            for row in hub.sheet("agency_findings", party)
        }
        for party in ("hub", "insurance_med", "civil")
    }
    assert shown["hub"] == {
        ("死亡未核减", "乙一", "", "在册", "死亡 2026-05-04", "贵单位"),
        ("重复登记", "戊一", "", "户编号 二户", "户编号 三户", "贵单位"),
        ("享受低保、底册未标识", "甲一", "", "未标识低保", "2025-03-01 起保", "贵单位"),
        ("底册标识低保、名单无", "乙一", "", "标识低保", "名单无此人", "贵单位"),
        ("有残疾人证、底册未登记", "甲一", "", "未登记残疾", "视力残疾三级", "贵单位"),
        ("底册登记残疾、无有效证", "乙一", "", "肢体残疾二级", "无残疾人证", "待核实"),
        ("底册登记残疾、无有效证", "丙一", "", "肢体残疾二级", "残疾人证注销", "待核实"),
        ("残疾类别或等级不一致", "丁一", "", "精神残疾三级", "精神残疾四级", "待核实"),
    }
    assert shown["insurance_med"] == {
        ("底册有、名册无", "戊一", "", "在册", "无此人", "待核实"),
        ("名册有、底册无", "己一", "", "无此人", "防止返贫致贫对象", "贵单位"),
        ("姓名不一致", "甲一", "", "甲一", "甲二", "待核实"),
        ("费用分项与总额不符", "壬一", "J26-07", "总费用 900.50元", "各项之和 800.00元", "贵单位"),
    }
    assert shown["civil"] == {
        ("死亡仍在低保名单", "庚一", "", "死亡 2026-06-01", "仍在名单", "贵单位"),
        ("重复享受低保", "辛一", "", "低保证 低保二", "低保证 低保三", "贵单位"),
    }
    known = {kind for rows in shown.values() for kind, *_ in rows}
    assert known == set(hub.office.policy.codes["finding_kind"].vocabulary(AS_OF.date()).values())


def test_who_is_in_no_register_is_placed_by_the_list_that_has_the_person(hub: Hub) -> None:
    hub.month(COUNTY)
    town = {row["姓名"]: row["乡镇"] for row in hub.sheet("agency_findings", "civil")}
    assert town == {"庚一": "云溪镇", "辛一": "云溪镇"}
    (cost,) = (row for row in hub.sheet("agency_findings", "insurance_med") if row["单据号"])
    assert (cost["乡镇"], cost["户编号"], cost["甲方数据和截止日"]) == ("云溪镇", "", "高额自付费用 2026-11-20")


def test_what_a_party_wrote_is_never_read_as_a_mark(hub: Hub) -> None:
    """A settlement number that looks like the token of a name stays what it is."""
    hub.month(COUNTY | {EXPENSE: COUNTY[EXPENSE].replace("J26-07", "{name:1}")})
    (cost,) = (row for row in hub.sheet("agency_findings", "insurance_med") if row["单据号"])
    assert cost["单据号"] == "{name:1}"


def test_each_kind_has_its_advice(hub: Hub) -> None:
    hub.month(COUNTY)
    (figures,) = hub.rows("agency_findings", "agency_findings", "civil")
    assert {kind["label"]: kind["todo"] for kind in figures["kinds"]} == {
        "死亡仍在低保名单": "核实死亡情况，及时停发，多发的按规定追回",
        "重复享受低保": "核对此人应在哪一户，另一户予以核减",
    }


RISK = {
    REGISTER: f"""
        person | household | name | head_name | region    | monitored_category
        甲     | 一户      | 甲一 | 甲一      | {VILLAGE} | unstable
        乙     | 一户      | 乙一 | 甲一      | {VILLAGE} | unstable
        丙     | 二户      | 丙一 | 丙一      | {TOWN}    |
        丁     | 三户      | 丁一 | 丁一      |           |
    """,
    ROSTER: "person | state\n甲 | insured\n乙 | insured\n丙 | insured\n丁 | insured",
    BENEFIT: "person | household | started_on\n丙 | 低保一 | 2026-11-10\n丁 | 低保二 | 2026-11-10",
    CERTIFICATE: "person | category | level | status | issued_on\n乙 | mental | 3 | valid | 2026-11-05",
    EXPENSE: """
        person | settlement_no | settled_on | total    | own_paid
        甲     | J1            | 2026-11-03 | 12000.50 | 12000.50
    """,
}


def test_a_town_reads_what_when_and_how_much(hub: Hub) -> None:
    hub.month(RISK)
    facts = {
        row["户编号"]: (row["村"], row["风险"], set(row["线索事实"].split("；")))
        for row in hub.sheet("town_visits", f"town:{TOWN}")
    }
    assert facts == {
        "一户": ("鹤坝村", "因残、因病", {
            "乙一：新办残疾人证（重度，或者智力、精神残疾）（2026年11月5日）",
            "甲一：当月医疗费用个人自付较高12000.50元（2026年11月3日）",
        }),
        "二户": ("", "其他", {"丙一：新纳入低保，所在户未纳入监测（2026年11月10日）"}),
    }  # fmt: skip


def test_a_lead_that_no_town_can_be_given_is_on_the_bureau_s_report(hub: Hub) -> None:
    hub.month(RISK)
    (figures,) = hub.rows("monthly_leads", "monthly_report", "bureau")
    assert [(lead["level"], lead["causes"]) for lead in figures["unplaced"]] == [("黄色", "其他")]
    assert figures["leads"]["households"] == 3
    assert len(hub.sheet("town_visits", f"town:{TOWN}")) == 2


def test_a_later_round_s_lead_of_a_household_says_that_it_is_a_supplement(hub: Hub) -> None:
    """One household is visited once a month (QA-18): the sheet of the second round names the first lead."""
    hub.month(RISK)
    first = {row["户编号"]: row["线索号"] for row in hub.sheet("town_visits", f"town:{TOWN}")}
    more = "\n甲 | physical | 1 | valid | 2026-11-21"
    assert hub.again(CERTIFICATE, RISK[CERTIFICATE] + more).leads == 1
    (row,) = hub.sheet("town_visits", f"town:{TOWN}")
    assert row["线索事实"].startswith(f"补充线索（与{first['一户']}同户，一次核查）。甲一：新办残疾人证")
    (figures,) = hub.rows("town_visits", "town_visits", f"town:{TOWN}")
    assert (figures["households"], figures["supplements"], figures["cells"]) == (1, 1, 6)


def test_explain_tells_the_facts_of_any_rule(hub: Hub) -> None:
    hub.month(RISK)
    said = hub.lead_in_words("一户")
    assert "甲*：因病，当月医疗费用个人自付较高，事实日期 2026-11-03，金额 12,000.50 元" in said
    assert "依据：《高额自付费用》2026-11 期" in said
    assert "乙*：因残，新办残疾人证（重度，或者智力、精神残疾），事实日期 2026-11-05\n" in said
    assert "参数 selfpay_month=10000，条款 ES-01、QA-09" in said
    assert "丙*：其他，新纳入低保，所在户未纳入监测，事实日期 2026-11-10" in hub.lead_in_words("二户")


def test_explain_says_a_cause_once_where_the_rule_is_called_the_same(hub: Hub) -> None:
    hub.month(RISK | {ROSTER: "person | state\n甲 | insured\n乙 | insured\n丁 | insured"})
    assert "丙*：未参加基本医疗保险\n" in hub.lead_in_words("二户")


def test_the_monthly_report_counts_parts_and_names_what_is_frozen(hub: Hub) -> None:
    hub.month(COUNTY, missing=1)
    (figures,) = hub.rows("monthly_scope", "monthly_report", "bureau")
    counted = {name: figures["submissions"][name] for name in ("expected", "on_time", "late", "missing", "plain")}
    assert counted == {"expected": 5, "on_time": 0, "late": 0, "missing": 5, "plain": 0}


def test_a_town_that_is_missing_is_told_with_its_dataset(hub: Hub) -> None:
    hub.month({dataset: rows for dataset, rows in COUNTY.items() if dataset != BENEFIT})
    hub.month({BENEFIT: COUNTY[BENEFIT]}, missing=2)
    (figures,) = hub.rows("monthly_scope", "monthly_report", "bureau")
    counted = {name: figures["submissions"][name] for name in ("expected", "on_time", "late", "missing")}
    assert counted == {"expected": 5, "on_time": 4, "late": 0, "missing": 1}
    frozen = {rule["label"]: rule["reason"] for rule in figures["frozen"]}
    assert frozen["一人列在两户低保"] == "《农村低保》有应报单位未报（2个）"
    assert frozen["上月在低保名单，本月不在"].startswith("《农村低保》")
    (by,) = hub.rows("monthly_tables", "monthly_report", "bureau")
    states = {party["dataset"]: (party["state"], party["rows"]) for party in by["parties"]}
    assert states["农村低保"][0] == "缺2份"
    assert states["高额自付费用"][0] == "按时"


MOVED = {
    REGISTER: f"""
        person | household | region
        甲     | 一户      | {VILLAGE}
        乙     | 一户      | {VILLAGE}
        丙     | 二户      | {VILLAGE}
        丁     | 三户      |
    """,
    ROSTER: "person | state | stop_reason\n甲 | insured |\n乙 | insured |\n丙 | ended | died\n丁 | insured |",
}
"""A month before `RISK`, in which 甲 and 乙 then live in another town and 丙 is dead."""
SECOND_TOWN = "990821102"


@pytest.mark.parametrize("county", [COUNTY, RISK], ids=["findings", "leads"])
def test_the_tables_of_a_monthly_report_add_up_to_its_text(hub: Hub, county: dict[str, str]) -> None:
    """Whoever is in no register or in no place is counted too, on a line or in a sentence of its own."""
    hub.month(county)
    with hub.play.store.begin(Role.INTAKE) as connection:
        contacts = hub.office.policy.contracts["hub.contact_list"]
        hub.play.submit(connection, contacts, {"period": NOVEMBER, "rows_read": 6, "rows_accepted": 6})
    told: dict[str, Any] = {}
    for report in hub.office.policy.recipes["monthly_report"].figures:
        (figures,) = hub.rows(report, "monthly_report", "bureau")
        told |= figures
    findings = told["findings"]
    for listed in (told["finding_kinds"] or [], told["owners"] or []):
        for column in ("new", "open", "agreed"):
            assert sum(line[column] for line in listed) == findings[column], column
    assert sum(town["findings"] for town in told["towns"]) + told["elsewhere"] == findings["open"]
    assert told["elsewhere"] == (4 if county is COUNTY else 0)
    assert sum(party["rows"] for party in told["parties"]) == told["quality"]["received"]
    assert sum(town["leads"] for town in told["towns"]) == told["leads"]["households"]
    assert sum(town["cells"] for town in told["towns"]) == told["burden"]["cells"]
    assert told["burden"]["households"] == told["leads"]["households"] - len(told["unplaced"])
    assert [town["name"] for town in told["towns"]][-1:] == (["清水乡"] if county is COUNTY else ["地区不明"])


def test_who_moves_to_another_town_is_neither_new_nor_gone(hub: Hub) -> None:
    hub.month(MOVED, "2026-10")
    hub.play.as_of += timedelta(days=1)
    registered = MOVED[REGISTER].replace(f"甲     | 一户      | {VILLAGE}", f"甲     | 一户      | {SECOND_TOWN}")
    kept = "\n".join(line for line in registered.splitlines() if "丙" not in line) + f"戊 | 四户 | {VILLAGE}"
    hub.month({REGISTER: kept, ROSTER: MOVED[ROSTER] + "\n戊 | insured |"})
    (tables,), (scope,) = (hub.rows(f"monthly_{part}", "monthly_report", "bureau") for part in ("tables", "scope"))
    columns = ("previous", "added", "removed", "natural", "adjusted", "current")
    lines = {town["name"]: tuple(town[name] for name in columns) for town in tables["towns"] if town["current"]}
    assert lines == {"云溪镇": (3, 1, 0, 1, -1, 2), "青岩镇": (0, 0, 0, 0, 1, 1), "地区不明": (1, 0, 0, 0, 0, 1)}
    people = next(line for line in scope["population"] if line["unit"] == "人")
    assert tuple(people[name] for name in columns) == tuple(map(sum, zip(*lines.values(), strict=True)))


def test_the_tables_of_a_bulletin_add_up_to_its_text(hub: Hub) -> None:
    hub.month(COUNTY)
    told: dict[str, Any] = {}
    for report in ("quarterly_findings", "quarterly_work"):
        (figures,) = hub.rows(report, "quarterly_bulletin", "bureau")
        told |= figures
    findings = told["findings"]
    for listed in (told["finding_kinds"], told["owners"]):
        for column in ("new", "agreed", "open"):
            assert sum(line[column] for line in listed) == findings[column], column
    assert sum(line["amount"] for line in told["requirements"] if line["unit"] == "条") == findings["open"] == 14
    assert sum(town["findings"] for town in told["towns"]) == findings["registered"] == 10
    assert findings["rate"] == 1000 * findings["registered"] / sum(town["persons"] for town in told["towns"])


@pytest.mark.parametrize(("households", "share"), [(9, None), (12, 0.25)])
def test_a_bulletin_has_the_share_of_all_leads_that_were_checked(
    hub: Hub, households: int, share: float | None
) -> None:
    people = [f"人{at}" for at in range(households)]
    hub.month({
        REGISTER: "\n".join(["person | household | region", *(f"{p} | {p}户 | {VILLAGE}" for p in people)]),
        ROSTER: "\n".join(["person | state", *(f"{p} | insured" for p in people)]),
        BENEFIT: "\n".join(["person | household | started_on", *(f"{p} | {p}保 | 2026-11-10" for p in people)]),
    })  # fmt: skip
    with hub.play.store.begin(Role.COMPARE) as connection:
        cases = connection.execute(text("SELECT case_id FROM core.\"case\" WHERE kind = 'lead' ORDER BY 1")).scalars()
        checked = [
            closing.event(case, "returned", "take_in", actor="test", as_of=hub.play.as_of) for case in list(cases)[:3]
        ]
        ledger.record(connection, tables.case_event, *checked)
    (figures,) = hub.rows("quarterly_findings", "quarterly_bulletin", "bureau")
    assert sum(town["leads"] for town in figures["towns"]) == households
    assert figures["checked_share"] == share


def test_what_needs_nothing_done_is_no_typical_problem(hub: Hub) -> None:
    hub.month(COUNTY)
    with hub.play.store.begin(Role.INTAKE) as connection:
        (arrival,) = connection.execute(text("SELECT arrival_id FROM core.arrival WHERE dataset = :id"),
                                        {"id": CERTIFICATE}).scalars()  # fmt: skip
        ledger.record(connection, tables.intake, {
            "arrival_id": arrival, "outcome": "accepted", "reason": None, "period": NOVEMBER, "scope": "demo",
            "submission_id": None, "policy_hash": "", "recorded_as_of": AS_OF, "facts": {}})  # fmt: skip
        ledger.record(connection, tables.row_issue, *(
            {"arrival_id": arrival, "ordinal": at, "sheet": "", "row_no": at, "column_name": None, "code": code,
             "effect": "note"} for at, code in enumerate(("footer_dropped", "footer_dropped", "id_missing"))
        ))  # fmt: skip
    for report, recipe in (("monthly_scope", "monthly_report"), ("quarterly_quality", "quarterly_bulletin")):
        (figures,) = hub.rows(report, recipe, "bureau")
        assert [issue["label"] for issue in figures["top_issues"]] == ["没有填写身份证号"]


def test_plain_packages_are_counted(hub: Hub) -> None:
    hub.month(COUNTY)
    with hub.play.store.begin(Role.INTAKE) as connection:
        for row in connection.execute(text("SELECT arrival_id, dataset FROM core.arrival")).all():
            ledger.record(connection, tables.intake, {
                "arrival_id": row.arrival_id, "outcome": "accepted", "reason": None, "period": NOVEMBER,
                "scope": "demo", "submission_id": None, "policy_hash": "", "recorded_as_of": AS_OF,
                "facts": {"sealing": "plain" if row.dataset == CERTIFICATE else "machine"},
            })  # fmt: skip
    (figures,) = hub.rows("monthly_scope", "monthly_report", "bureau")
    assert figures["submissions"]["plain"] == 1
    (by,) = hub.rows("monthly_tables", "monthly_report", "bureau")
    assert [p["state"] for p in by["parties"] if p["dataset"] == "持证残疾人"] == ["按时（明文）"]
