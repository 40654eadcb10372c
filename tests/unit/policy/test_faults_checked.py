"""What ``policy check`` says of each mistake, word for word: file, line, what is wrong and what to do; all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bidui.cli import app
from bidui.pipeline.check import check
from bidui.policy.loading import load

Spoil = Callable[[str, str, str], int]

AFTER = 0
"""At the line after the one that was changed."""
MISTAKES = [
    # what is wrong, file, what stands there, what is written instead, what is said at the line that was changed
    # (or: at another line, and what; or: in another file, at its first line that says this, and what)
    ("threshold without clause", "profiles/base.yaml", "thresholds:\n",
     "thresholds:\n  new: {values: {2021-01-01: 5}, unit: 日}\n",
     (AFTER, "thresholds: new has no clause and no source; add clauses: [...] or source: ...")),
    ("deadline without clause", "profiles/base.yaml", "deadlines:\n",
     "deadlines:\n  new: {values: {2021-01-01: 5}, calendar: working}\n",
     (AFTER, "deadlines: new has no clause and no source; add clauses: [...] or source: ...")),
    ("least rows without source", "profiles/demo.yaml", "1000}, source: 本县人口规模}", "1000}}",
     "least_rows: hub.alleviated_person has no clause and no source; add clauses: [...] or source: ..."),
    ("least rows without value", "profiles/demo.yaml", "{values: {2026-01-01: 1000}", "{values: {}",
     "least_rows: hub.alleviated_person has no value; add values: {2021-01-01: ...}"),
    ("window without clause", "profiles/base.yaml", "clauses: [ZM-07, ES-02]", "clauses: []",
     "the window has no clause; add clauses: [...]"),
    ("window that closes before it opens", "profiles/base.yaml", "opens_day: 25, closes_day: 30",
     "opens_day: 30, closes_day: 25",
     "window: calls_day 20, opens_day 30, closes_day 25; write days from 1 to 31, in this order"),
    ("threshold that is no number", "profiles/base.yaml", "newborn_days: {values: {2021-01-01: 90}",
     "newborn_days: {values: {2021-01-01: 九十}",
     "thresholds: newborn_days is 九十, which is no number; write it in digits"),
    ("deadline called nearly as another", "profiles/demo.yaml", "agreements:",
     "deadlines:\n  visit_rde: {values: {2026-01-01: 9}, calendar: working, clauses: [ZM-04]}\nagreements:",
     (AFTER, "deadlines: visit_rde is read by nothing; did you mean visit_red?")),
    ("threshold called nearly as another", "profiles/demo.yaml", "agreements:",
     "thresholds:\n  selfpay_mnth: {values: {2026-01-01: 9}, unit: 元, clauses: [ES-01]}\nagreements:",
     (AFTER, "thresholds: selfpay_mnth is read by nothing; did you mean selfpay_month?")),
    ("classification of a column", "catalogue/fire/fire_loss.yaml", "classification: 敏感", "classification: 很敏感",
     "column id_no: classification: 很敏感 is none of 一般、较敏感、敏感"),
    ("deadline of a level", "profiles/base.yaml", "visit_red:", "visit_rot:",
     "deadlines: visit_red is missing; add it; did you mean visit_rot?"),
    ("role that approves", "profiles/base.yaml", "approvers: {head:", "approvers: {haed:",
     "approvers: haed is no code of approval_role; did you mean head?"),
    ("outcome of the intake", "deliveries/refusal.yaml", "only_if: [refused]", "only_if: [refussed]",
     "only_if: refussed is no code of intake_outcome; did you mean refused?"),
    ("level that the dictionary has not", "dictionary/level.csv", "orange,", "amber,",
     ("sql/compare/duplicate.sql", "severity:", "severity: orange is no code of level")),
    ("contact without an office", "contacts/demo.csv", "分管副局长,业务股室,dibao", "分管副局长,,dibao",
     "contact civil-1 has no office; ask civil who it is"),
    ("party that nobody stays on record for", "contacts/demo.csv", "0999-8240001,,,2026-01-01,",
     "0999-8240001,,,2026-01-01,2026-12-31",
     ("contacts/demo.csv", "party,id", "civil: nobody stays on record; add a line, or ask for its list of contacts")),
    ("mail address of two parties", "contacts/demo.csv", "zhengjian@canlian.example", "Dibao@minzheng.example",
     "contacts civil-1 of civil and disabled-1 of disabled have one mail address at the same time; give each its own,"
     " or end one of the lines with valid_to"),
    ("contact with a cell too few", "contacts/demo.csv", "0999-8240001,,,2026-01-01,", "0999-8240001,,,2026-01-01",
     "has fewer cells than there are columns; put a comma for each one that stays empty"),
    ("unsealed in the agreement of all hubs", "agreements/insurance_med.yaml", "sealing: [aes_zip]",
     "sealing: [plain, aes_zip]",
     "sealing: insurance_med.high_selfpay comes plain in every hub; seal it, or list it in unsealed of a profile"),
    ("contact of a party that takes no part", "contacts/demo.csv", "civil,civil-1", "police,civil-1",
     "party: police takes no part here; add it to agreements of the profile, or take its lines out"),
    ("code with a cell too many", "dictionary/use.csv", "\n", "\nx,y,,,,,\n",
     "has more cells than there are columns; put a text with a comma in double quotes"),
    ("code with cells too few", "dictionary/use.csv", "\n", "\nx,y\n",
     "has fewer cells than there are columns; put a comma for each one that stays empty"),
    ("threshold that begins too late", "profiles/demo.yaml", "agreements:",
     "thresholds:\n  newborn_days: {values: {2027-01-01: 60}, clauses: [ZM-11]}\nagreements:",
     (AFTER, "thresholds: newborn_days has no value before 2027-01-01, but agreements are in force from 2026-01-01;"
      " state the value of that time, too: a profile's values replace those of the base")),
    ("deadline that begins too late", "profiles/base.yaml", "visit_red: {values: {2021-01-01",
     "visit_red: {values: {2026-01-02",
     "deadlines: visit_red has no value before 2026-01-02, but agreements are in force from 2026-01-01;"
     " state the value of that time, too: a profile's values replace those of the base"),
    ("threshold that the base calls otherwise", "profiles/demo.yaml", "agreements:",
     "thresholds:\n  newborn_day: {values: {2026-01-01: 60}, clauses: [ZM-11]}\nagreements:",
     (AFTER, "thresholds.newborn_day.unit: Field required; did you mean newborn_days?")),
    ("agreement that there is none of", "profiles/demo.yaml", "agreements: [hub,", "agreements: [nobody, hub,",
     "agreements: nobody does not exist; add it, or take it out"),
    ("approver whom the contacts do not name", "contacts/demo.csv", "bureau,bureau-head", "bureau,bureau-chief",
     ("profiles/base.yaml", "approvers:", "approvers: bureau-head does not exist; did you mean bureau-chief?")),
    ("braces in the subject of a template", "templates/refusal.md", "{{ refusal.label }}", "{ refusal.label }}",
     "}} stands alone and goes out as text; write both ends, {{ … }} or {% … %}"),
    ("braces in the text of a template", "templates/refusal.md", "> **重新报送截止日**：", "> **重新报送截止日**%}：",
     "%} stands alone and goes out as text; write both ends, {{ … }} or {% … %}"),
    ("braces in a workbook", "templates/agency_findings.yaml", "依据：{{ basis }}", "依据：{{ basis }}}}",
     "}} stands alone and goes out as text; write both ends, {{ … }} or {% … %}"),
    ("party that a recipe goes to", "deliveries/monthly_report.yaml", "party: bureau", "party: burau",
     "party: burau does not exist; did you mean bureau?"),
    ("party of a contract", "catalogue/town/verification.yaml", "property: party, value: town",
     "property: party, value: twon", "party: twon does not exist; did you mean town?"),
    ("rule that does not exist", "profiles/base.yaml", "[coverage_there,", "[coverage_ther,",
     "rules: coverage_ther does not exist; did you mean coverage_there?"),
    ("misspelt key", "deliveries/receipt.yaml", "optional_workbook:", "optional_workbok:",
     "optional_workbok: Extra inputs are not permitted; did you mean optional_workbook?"),
    ("recipe nobody receives", "agreements/town.yaml", "town_visits, ", "",
     ("deliveries/town_visits.yaml", "id:",
      "nobody receives town_visits; add it to receives of an agreement, or take it out of deliveries")),
    ("recipe that its party does not receive", "deliveries/agency_findings.yaml", "to: owner",
     "to: party\nparty: bureau",
     ("deliveries/agency_findings.yaml", "party: bureau",
      "party: bureau does not receive agency_findings; add it to receives of its agreement")),
    ("dataset that no contract describes", "agreements/town.yaml", "dataset: town.verification",
     "dataset: town.verificaton", "provides: town.verificaton does not exist; did you mean town.verification?"),
    ("region of a contact", "contacts/demo.csv", "990821101", "990821999",
     "town: region: 990821999 does not exist; did you mean 990821109?"),
    ("region above a region", "dictionary/regions.csv", "云溪镇,town,990821,", "云溪镇,town,990812,",
     "990821101: parent 990812 does not exist; did you mean 990821?"),
    ("level of a region", "dictionary/regions.csv", "云溪镇,town,", "云溪镇,twon,",
     "990821101: level twon is none of this hub's; did you mean town?"),
    ("rows that overlap", "dictionary/aid_category.csv", "2021-01-01,2025-12-31\nalleviated",
     "2021-01-01,2026-01-01\nalleviated",
     (3, "alleviated overlaps line 2; give that row a valid_to before 2026-01-01")),
    ("rows out of order", "dictionary/aid_category.csv", "脱贫人口,原建档立卡脱贫人口,2021-01-01,2025-12-31",
     "脱贫人口,原建档立卡脱贫人口,2027-01-01,",
     (3, "alleviated is out of order: put this row above line 2, which begins later")),
    ("end before the beginning", "dictionary/sex.csv", "2021-01-01,", "2021-01-01,2020-12-31",
     "male ends on 2020-12-31, before it begins; swap valid_from and valid_to"),
    ("region twice at one time", "dictionary/regions.csv", "demo,990821102,", "demo,990821101,",
     "demo 990821101 overlaps line 3; give that row a valid_to before 2021-01-01"),
    ("issue twice", "dictionary/row_issue.csv", "id_lowercase_x,", "id_fullwidth,",
     "id_fullwidth stands in line 2 already; keep one"),
    ("day of a holiday that is none", "dictionary/holidays.csv", "2024-02-10,", "2024-02-30,",
     "a calendar row needs date (YYYY-MM-DD) and kind"),
    ("kind of a day off", "dictionary/holidays.csv", "2024-02-10,holiday", "2024-02-10,bridge",
     "kind is holiday or makeup"),
    ("holidays out of order", "dictionary/holidays.csv", "2024-02-10,holiday", "2024-02-12,holiday",
     (5, "2024-02-11 stands below 2024-02-12; put the days in order, each once")),
    ("day of a threshold that is none", "profiles/base.yaml", "newborn_days: {values: {2021-01-01",
     "newborn_days: {values: {2021-13-01", "2021-13-01 is no day; write one as YYYY-MM-DD"),
    ("day of an agreement that is none", "agreements/hub.yaml", "valid_from: 2026-01-01", "valid_from: 2026-02-30",
     "2026-02-30 is no day; write one as YYYY-MM-DD"),
    ("parameter that the SQL does not use", "sql/compare/duplicate.sql", "-- severity:",
     "-- parameters: [newborn_days]\n-- severity:", "parameter newborn_days is not used; take it out of the header"),
    ("parameter that the header does not name", "sql/screen/uninsured.sql", "-- parameters: [newborn_days]\n", "",
     ("sql/screen/uninsured.sql", ":newborn_days",
      "the header does not name the parameter :newborn_days; name it under parameters")),
    ("misspelt parameter", "sql/screen/uninsured.sql", ":newborn_days", ":newborn_dayz",
     "the header does not name the parameter :newborn_dayz; did you mean newborn_days?"),
    ("alias that the SQL does not use", "sql/compare/duplicate.sql", "--   register:",
     "--   lead: {view: lead}\n--   register:", "reads lead: nothing in the SQL uses it; take it out of the header"),
    ("word of the field", "templates/call_for_data.md", "# 关于报送{{ period | cn_period }}{{ term.monitoring_short }}",
     "# 关于报送{{ period | cn_period }}{{ term.monitoring_shirt }}",
     "term.monitoring_shirt does not exist; did you mean monitoring_short?"),
    ("value of a template", "templates/refusal.md", "{{ party }}：", "{{ praty }}：",
     "values: praty is used but not declared; party is declared but not used"),
    ("key of a template", "templates/refusal.md", "title:", "titel:",
     "titel: Extra inputs are not permitted"),
    ("code list of a workbook", "templates/town_visits.yaml", "choices: visit_manner", "choices: visit_maner",
     "column manner: code list: visit_maner does not exist; did you mean visit_manner?"),
    ("contract that reads what comes back", "templates/town_visits.yaml", "returns: town.verification",
     "returns: town.verificaton", "returns: town.verificaton does not exist; did you mean town.verification?"),
    ("suite that repeats its contract", "expectations/insurance_med.enrolment_roster.yaml", "expectations:\n",
     "expectations:\n  - type: expect_column_values_to_not_be_null\n    kwargs: {column: scheme}\n"
     "    severity: warning\n    meta: {rule: said.again, issue: required_missing, effect: note, title: 再说一遍}\n",
     ("expectations/insurance_med.enrolment_roster.yaml", "said.again",
      "said.again repeats contract.required.scheme of the contract; take it out of the suite")),
]  # fmt: skip


def said_of(include: Path) -> list[str]:
    return [str(fault) for fault in check(include, "demo")[1]]


def expected(include: Path, file: str, line: int, says: str | tuple[int, str] | tuple[str, str, str]) -> str:
    if isinstance(says, str):
        return f"{file}:{line}: {says}"
    if len(says) == 2:
        return f"{file}:{says[0] or line + 1}: {says[1]}"
    lines = (include / says[0]).read_text(encoding="utf-8").splitlines()
    return f"{says[0]}:{next(n for n, text in enumerate(lines, 1) if says[1] in text)}: {says[2]}"


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_a_mistake_is_told_with_file_line_and_what_to_do(
    include: Path, spoil: Spoil, file: str, old: str, new: str, says: str
) -> None:
    line = spoil(file, old, new)
    told = said_of(include)
    assert expected(include, file, line, says) in told


def test_the_shipped_policy_has_no_fault(include: Path) -> None:
    assert said_of(include) == []


def test_a_year_that_is_left_out_between_two(include: Path) -> None:
    path = include / "dictionary" / "holidays.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("2025-")), encoding="utf-8")
    first = 1 + sum(line.startswith(("date", "2024-")) for line in lines)
    assert said_of(include) == [
        f"dictionary/holidays.csv:{first}: 2025 is missing between 2024 and 2026; add its arrangement"
    ]


def test_mistakes_of_every_sort_are_told_at_once_and_nothing_that_only_follows_from_them(
    include: Path, spoil: Spoil
) -> None:
    """Files that cannot be read hide no mistake in others, and what is missed because of them is no mistake."""
    chosen = {
        "misspelt key", "day of an agreement that is none", "threshold without clause", "rule that does not exist",
        "region of a contact", "parameter that the SQL does not use", "alias that the SQL does not use",
        "word of the field", "outcome of the intake", "end before the beginning", "party that a recipe goes to",
    }  # fmt: skip
    rows = [row for row in MISTAKES if row[0] in chosen]
    assert len(rows) == len(chosen)
    lines = {row[0]: spoil(*row[1:4]) for row in rows}
    told = said_of(include)
    shifted = {row[0] for row in rows if [other[1] for other in rows].count(row[1]) > 1}  # files spoilt twice
    for what, file, _, _, says in rows:
        if what in shifted:
            assert any(
                one.startswith(f"{file}:") and one.endswith(says if isinstance(says, str) else says[-1]) for one in told
            ), what
        else:
            assert expected(include, file, lines[what], says) in told, what
    assert len(told) == len(rows), told


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("head@bureau", "head#bureau", 3, "email is no mail address; write it in half-width characters"),
        ("2026-01-01", "2026/1/1", 2, "valid_from and valid_to are days, YYYY-MM-DD"),
        ("bureau-head", "hub-1", 3, "contact hub-1 is defined twice"),
        ("civil,civil-1", "cyvil,civil-1", 6, "party: cyvil does not exist; did you mean civil?"),
    ],
)
def test_a_bad_line_of_contacts_is_told_alone(
    include: Path, spoil: Spoil, old: str, new: str, line: int, says: str
) -> None:
    spoil("contacts/demo.csv", old, new)
    assert said_of(include) == [f"contacts/demo.csv:{line}: {says}"]


def test_contacts_in_another_encoding_are_told_alone(include: Path) -> None:
    file = include / "contacts" / "demo.csv"
    file.write_bytes(file.read_text(encoding="utf-8").encode("gbk"))
    assert said_of(include) == ["contacts/demo.csv:2: not in UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)"]


def test_a_rule_that_is_not_switched_on_yet_is_checked_but_for_what_the_profile_states(include: Path) -> None:
    uninsured = (include / "sql" / "screen" / "uninsured.sql").read_text(encoding="utf-8")
    draft = include / "sql" / "screen" / "draft.sql"
    draft.write_text(uninsured.replace("id: uninsured", "id: draft"), encoding="utf-8")
    assert said_of(include) == []
    spoilt = uninsured.replace("use: monitoring", "use: monitorin").replace("{role: register}", "{role: regster}")
    draft.write_text(spoilt.replace("id: uninsured", "id: drafd").replace("newborn_", "newbron_"), encoding="utf-8")
    assert said_of(include) == [
        "sql/screen/draft.sql:1: id: drafd is not what the file is called; name both alike",
        "sql/screen/draft.sql:4: use: monitorin does not exist; did you mean monitoring?",
        "sql/screen/draft.sql:6: reads register: role: regster does not exist; did you mean register?",
        "sql/screen/draft.sql:11: parameters: threshold: newbron_days does not exist; did you mean newborn_days?",
    ]
    another = include / "profiles" / "eshan.yaml"
    stated = another.read_text(encoding="utf-8").replace(
        "thresholds:", "thresholds:\n  newbron_days: {values: {2021-01-01: 9}, unit: 日, clauses: [SQ-03]}", 1
    )
    another.write_text(stated, encoding="utf-8")
    assert [one.split(":")[1] for one in said_of(include)] == ["1", "4", "6"]  # another hub has it


def test_the_command_lists_them_ends_in_a_summary_and_fails(include: Path, spoil: Spoil) -> None:
    asked = ["policy", "check", "--profile", "demo", "--include", str(include)]
    sound = CliRunner().invoke(app, asked)
    assert (sound.exit_code, sound.stderr) == (0, "")
    assert "没有错误" in sound.stdout
    spoil("deliveries/receipt.yaml", "mail:", "mial:")
    spoil("profiles/base.yaml", "approvers: {head:", "approvers: {haed:")
    refused = CliRunner().invoke(app, asked)
    *faults, summary = refused.stderr.splitlines()
    assert refused.exit_code == 1
    files = {fault.split(":")[0] for fault in faults}
    assert files > {"deliveries/receipt.yaml", "profiles/base.yaml"}  # reports are approved by the role, too
    assert summary == f"制度数据有 {len(faults)} 处错误，涉及 {len(files)} 个文件；改好后请再检查一遍。"


def test_nothing_of_a_profile_that_is_not_there_can_be_checked(include: Path) -> None:
    assert check(include, "demoo")[0] is None
    assert said_of(include) == [str(fault) for fault in check(include, "demo")[1]] == []
    assert load(include, "demo").hub == "demo"
