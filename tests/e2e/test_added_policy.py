"""One more agency, one more dataset and two more rules are files under ``include/``: no Python changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest

from bidui.orchestration import clock
from bidui.pipeline import conclude, deliver
from bidui.pipeline.arrive import Origin, arrive
from bidui.pipeline.check import faults
from bidui.pipeline.receive import receive
from bidui.policy.loading import load
from bidui.synth import make
from tests.e2e.county import PERIODS, TOWNS, County, policy_copy

pytestmark = pytest.mark.slow

PERIOD = PERIODS[0]
DATASET = "health.chronic_card"
ENOUGH = ("hub.alleviated_person", "insurance_med.enrolment_roster")
"""What comes in besides; the rules that read anything else are frozen."""

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: health.chronic_card
name: 慢病证持证名册
version: 1.0.0
status: active
description: {purpose: 核对登记人员办证情况}
customProperties:
  - {property: party, value: health}
  - {property: role, value: [roster, named]}
  - {property: delivery, value: full}
  - {property: cadence, value: month}
  - {property: clauses, value: [QA-03]}
  - {property: category, value: 部门/卫生健康}
  - {property: information, value: push}
  - {property: format, value: text}
  - {property: sharing, value: {class: unconditional, scope: 信息监测中心, mode: 文件交换}}
  - {property: sourceSystem, value: 慢病管理系统}
  - {property: securityLevel, value: level4}
  - {property: layout, value: {encoding: utf-8}}
schema:
  - name: chronic_card
    businessName: 慢病证持证名册
    properties:
      - name: name
        businessName: 姓名
        logicalType: string
        required: true
        customProperties: [{property: role, value: subject_name}, {property: identifier, value: name}]
      - name: id_no
        businessName: 身份证号
        logicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties: [{property: role, value: subject}, {property: identifier, value: id_number}]
      - name: town
        businessName: 乡镇
        logicalType: string
        customProperties: [{property: role, value: region_town}]
      - name: village
        businessName: 村
        logicalType: string
        customProperties: [{property: role, value: region_village}]
      - name: grade
        businessName: 病情等级
        logicalType: integer
        required: true
        logicalTypeOptions: {minimum: 1, maximum: 4}
      - name: valid_to
        businessName: 有效期止
        logicalType: date
        required: true
"""
AGREEMENT = """
party: health
title: 县卫生健康局
kind: agency
clauses: [QA-01]
purpose: 核对持证情况
uses: [monitoring]
may: {query: all, statistics: all, entry: all}
method: 按公民身份号码与底册逐人比对
channels: [mail, folder]
retention_months: 36
legal_basis: 数据共享协议（卫健）
valid_from: 2026-01-01
provides:
  - {dataset: health.chronic_card, sealing: [password_workbook], words: [持证名册], calibre: 在册有效的慢病证，截至月末}
receives: [receipt, refusal, agency_findings]
"""
CONTACT = "health,health-1,卫健联络员,专责联络员,分管副局长,医政股,card@weijian.example,,,,2026-01-01,\n"
SUITE = """
name: health.chronic_card
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: valid_to, max_value: 2040-01-01}
    severity: warning
    meta: {rule: card.term_plausible, issue: date_in_future, effect: note, title: 有效期不超过2040年}
"""
COMPARE = """
-- id: card_expired
-- title: 登记人员慢病证已过期
-- finds: card_expired
-- clauses: [SQ-12]
-- use: monitoring
-- reads:
--   register: {role: register}
--   card: {dataset: health.chronic_card}
-- system_a: register
-- system_b: card
-- owner: card
-- severity: yellow
-- parameters: [card_grace_days]
SELECT r.person_id AS subject, 'card' AS field, '' AS discriminator,
       NULL AS value_a, c.valid_to::text AS value_b, r.row AS row_a, c.row AS row_b
FROM register r JOIN card c USING (person_id)
WHERE CAST(:first_day AS date) - c.valid_to > CAST(:card_grace_days AS integer)
"""
SCREEN = """
-- id: severely_ill
-- title: 新增重症
-- clauses: [QA-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   card: {dataset: health.chronic_card}
-- source: card
-- severity: orange
SELECT r.person_id AS subject, 'illness' AS cause, c.valid_to::text AS occurrence, NULL::numeric AS amount,
       NULL::date AS fact_date, c.row
FROM register r JOIN card c USING (person_id)
WHERE c.grade <= 2
"""


def added(include: Path) -> None:
    """Write the new files, and switch them on in the profile."""
    for path, said in {
        "catalogue/health/chronic_card.yaml": CONTRACT, "agreements/health.yaml": AGREEMENT,
        "expectations/health.chronic_card.yaml": SUITE, "sql/compare/card_expired.sql": COMPARE,
        "sql/screen/severely_ill.sql": SCREEN,
    }.items():  # fmt: skip
        file = include / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(said).lstrip(), encoding="utf-8")
    changed(include / "dictionary" / "finding_kind.csv", "", "card_expired,慢病证过期,,2021-01-01,,,,,\n")
    base = include / "profiles" / "base.yaml"
    changed(base, "rules: [", "card_expired, severely_ill, ")
    changed(base, "thresholds:\n", "  card_grace_days: {values: {2021-01-01: 30}, unit: 日, source: 测试}\n")
    profile = include / "profiles" / "demo.yaml"
    changed(profile, "agreements: [", "health, ")
    changed(profile, "unsealed: [", "health.chronic_card, ")
    changed(profile, "datasets: [", "health.chronic_card, ")
    changed(include / "contacts" / "demo.csv", "", CONTACT)
    changed(profile, "expected: [", "health.chronic_card, ")


def changed(file: Path, after: str, inserted: str) -> None:
    """Insert a text after a mark, or at the end."""
    said = file.read_text(encoding="utf-8")
    at = said.index(after) + len(after) if after else len(said)
    file.write_text(said[:at] + inserted + said[at:], encoding="utf-8")


@pytest.fixture(scope="module")
def county(found, tmp_path_factory) -> Iterator[County]:
    """The month with the new dataset, closed and delivered."""
    folder = tmp_path_factory.mktemp("added")
    include = policy_copy(folder / "include")
    made = make(include, "demo", folder / "synth", seed=1, scale=0.03, periods=[PERIOD])
    added(include)
    with found(include, folder / "synth") as county:
        now = datetime(2026, 10, 27, 9, tzinfo=county.hub.zone)
        clock.put(county.hub.home / clock.FILE, now)
        for dataset in ENOUGH:
            (file,) = [f for f in made.files if f.parts[-3:-1] == tuple(dataset.split("."))]
            county.parties.hand_in(file, *dataset.split("."), PERIOD, now)
        assert [r.outcome for r in county.room.take_in()] == ["accepted", "partly_accepted"]
        yield county


@pytest.fixture(scope="module")
def listed(county) -> list[tuple[str, str, str, str]]:
    """Four people, each of another household in which everybody is insured: (ID number, name, town, village)."""
    return county.query("""
        WITH stopped AS (
            SELECT d.household_id FROM data.hub__alleviated_person d
            LEFT JOIN data.insurance_med__enrolment_roster m USING (person_id) WHERE m.state IS DISTINCT FROM 'insured'
        )
        SELECT DISTINCT ON (d.household_id) p.id_number, t.text, w.name, v.name
        FROM data.hub__alleviated_person d JOIN identity.person p USING (person_id)
        JOIN identity.term t ON t.term_id = d.name_id
        JOIN core.region v ON v.code = d.region JOIN core.region w ON w.code = v.parent
        WHERE w.code = %s AND d.household_id NOT IN (SELECT household_id FROM stopped)
        ORDER BY d.household_id, p.id_number LIMIT 4
    """, TOWNS[0])  # fmt: skip


@pytest.fixture(scope="module")
def closed(county, listed) -> conclude.Concluded:
    """The roster of certificates comes in, and the month is compared and delivered."""
    (severe, mild, expired, within), header = listed, "姓名,身份证号,乡镇,村,病情等级,有效期止"
    cards = [(severe, 2, "2030-01-01"), (mild, 3, "2030-01-01"), (expired, 4, "2026-08-31"), (within, 4, "2026-09-01")]
    lines = [
        header,
        *(f"{name},{number},{town},{village},{grade},{end}" for (number, name, town, village), grade, end in cards),
    ]
    now = datetime(2026, 10, 28, 9, tzinfo=county.hub.zone)
    origin = Origin("folder", "cards", "health", "health-1")
    arrival = arrive(county.hub, "\r\n".join(lines).encode(), f"持证名册_{PERIOD}.csv", origin, DATASET, now)
    received = receive(county.hub, arrival.arrival_id)
    assert (received.outcome, received.reason) == ("accepted", None)
    deliver.reply(county.hub, arrival.arrival_id, now)
    done = conclude.close(county.hub, PERIOD, now)
    for errand in deliver.errands_of_close(county.hub, PERIOD, now):
        deliver.run(county.hub, errand, now)
    return done


def subjects(county: County, query: str) -> set[str]:
    return {row[0] for row in county.query(query)}


def test_the_enlarged_policy_is_without_fault(county):
    assert faults(load(county.hub.include, "demo")) == []


def test_the_new_comparison_finds_its_row_and_no_other(county, closed, listed):
    assert not {"card_expired", "severely_ill"} & set(closed.frozen)
    assert subjects(county, """
        SELECT p.id_number FROM core.finding f JOIN identity.person p ON p.person_id = f.subject
        WHERE f.kind = 'card_expired' AND (f.system_a, f.system_b) = ('hub.register', 'health.chronic_card')
    """) == {listed[2][0]}  # fmt: skip


def test_the_new_screening_raises_its_lead_and_no_other(county, closed, listed):
    assert subjects(county, """
        SELECT p.id_number FROM core.signal s JOIN identity.person p ON p.person_id = s.subject
        WHERE s.cause = 'illness' AND s.dataset = 'health.chronic_card'
    """) == {listed[0][0]}  # fmt: skip
    ((causes, level),) = county.query(
        "SELECT l.causes, l.level FROM core.lead l JOIN data.hub__alleviated_person d USING (household_id)"
        " JOIN identity.person p USING (person_id) WHERE p.id_number = %s", listed[0][0],
    )  # fmt: skip
    assert (causes, level) == (["illness"], "orange")


def test_one_coverage_rule_speaks_of_every_roster(county, closed, listed):
    bound = county.query("SELECT systems FROM core.run WHERE rule = 'coverage_there' ORDER BY 1")
    assert bound == [(["hub.register", DATASET],), (["hub.register", "insurance_med.enrolment_roster"],)]
    missing = subjects(county, f"""
        SELECT p.id_number FROM core.finding f JOIN identity.person p ON p.person_id = f.subject
        WHERE f.kind = 'missing_there' AND f.system_b = '{DATASET}'
    """)  # fmt: skip
    everybody = subjects(county, """
        SELECT p.id_number FROM data.hub__alleviated_person d JOIN identity.person p USING (person_id)
    """)  # fmt: skip
    assert missing == everybody - {number for number, *_ in listed}


def test_rules_about_insurance_leave_the_new_roster_alone(county, closed):
    bound = dict(county.query("SELECT rule, count(*) FROM core.run WHERE %s = ANY(systems) GROUP BY 1", DATASET))
    assert bound == {"card_expired": 1, "severely_ill": 1, "coverage_there": 1, "name_conflict": 1}
    assert subjects(county, "SELECT DISTINCT dataset FROM core.signal WHERE cause = 'uninsured'") == {
        "insurance_med.enrolment_roster"
    }


def test_the_new_party_is_answered_and_asked(county, closed):
    recipes = county.query(
        "SELECT d.recipe, s.outcome FROM out.delivery d JOIN out.message m USING (delivery_id)"
        " JOIN out.sending s USING (message_id) WHERE m.contact = 'health-1' ORDER BY 1"
    )
    assert recipes == [("agency_findings", "accepted"), ("receipt", "accepted")]
    assert len(county.mails("card@weijian.example")) == 2
    assert county.query("SELECT count(*) FROM out.delivery WHERE recipe = 'monthly_report'") == [(1,)]
