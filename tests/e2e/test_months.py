"""Two months of a small county, as the demo plays them: what is true is found, nothing else, and everybody is told."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bidui.pipeline.explain import explain
from bidui.pipeline.explain_page import page
from demo import verify
from tests.e2e.county import PERIODS
from tests.e2e.played import Months

pytestmark = pytest.mark.slow

FIRST, SECOND = PERIODS


@pytest.fixture(scope="module", params=[1, 5], ids=["seed 1", "seed 5"])
def months(request, played) -> Months:
    return played(request.param)


# --- what was found ----------------------------------------------------------------------------------------------
def test_every_line_of_truth_is_found_and_no_other(months):
    policy = months.county.hub.policy
    names = {
        "systems": {role: policy.in_role(role)[0] for role in ("register", "roster")},
        "unknown": {r.id: r.finds or r.id for r in policy.rules.values() if r.absent_from},
    }
    checks = verify.lines(months.county.dsn, months.county.synth / "truth.jsonl", names)
    assert len(checks) >= 16
    assert [c for c in checks if not c.ok] == []
    assert [c for c in verify.cases(months.county.dsn) if not c.ok] == []


def test_a_frozen_rule_says_nothing_of_anybody(months):
    begun, late = [r for r in months.county.room.rounds if r.period == SECOND]
    assert (begun.round, late.round) == (1, 2)
    assert set(begun.frozen) == {
        "coverage_there", "coverage_here", "name_conflict", "death_not_removed", "uninsured", "lost_supporter"
    }  # fmt: skip
    assert (begun.leads, late.frozen) == (0, ())
    assert late.leads == sum(line["kind"] == "lead" and line["period"] == SECOND for line in months.truth("expected"))
    assert months.county.query("SELECT DISTINCT reason FROM core.run WHERE status = 'frozen'") == [
        ({"insurance_med.enrolment_roster": "no submission in force"},)
    ]
    assert months.county.query(
        "SELECT r.run_id FROM core.run r WHERE r.status = 'frozen'"
        " AND (EXISTS (SELECT FROM core.finding_seen v WHERE v.run_id = r.run_id)"
        " OR EXISTS (SELECT FROM core.signal_seen v WHERE v.run_id = r.run_id))"
    ) == []  # fmt: skip


def test_what_was_put_right_agrees_by_comparison(months):
    agreed = set(months.county.query(
        "SELECT f.kind, p.id_number, f.field FROM core.case_state c JOIN core.finding f USING (finding_key)"
        " JOIN identity.person p ON p.person_id = f.subject WHERE c.state = 'agreed'"))  # fmt: skip
    told: dict[str, set[tuple[str, str, str]]] = {FIRST: set(), SECOND: set()}
    for line in months.truth("expected"):
        told[line["period"]].add((line["kind"], line["subject"], line["field"]))
    unknown = {(field, subject) for kind, subject, field in told[SECOND] if kind == "unknown"}
    kinds = {row[0] for row in months.county.query("SELECT DISTINCT kind FROM core.finding")}
    gone = {f for f in told[FIRST] - told[SECOND] if f[0] in kinds and (f[0], f[1]) not in unknown}
    assert agreed == gone
    assert gone


def test_closing_the_same_inputs_again_changes_no_table(months):
    assert len(months.seen.tables) == 3
    for before, after in months.seen.tables:
        assert {table: (before[table], after[table]) for table in before if before[table] != after[table]} == {}


# --- what came in ------------------------------------------------------------------------------------------------
def test_every_package_came_to_its_end(months):
    ends = [(r.period, r.dataset, r.outcome, r.reason) for r in months.county.room.received]
    roster, register, visits = "insurance_med.enrolment_roster", "hub.alleviated_person", "town.verification"
    assert ends == [
        (FIRST, register, "accepted", None), (FIRST, roster, "partly_accepted", None),
        (FIRST, roster, "duplicate", None),
        (FIRST, visits, "accepted", None), (FIRST, visits, "partly_accepted", None),
        (SECOND, register, "accepted", None), (SECOND, roster, "refused", "columns_missing"),
        (SECOND, roster, "partly_accepted", None), (SECOND, roster, "accepted", None), (SECOND, visits, "nil", None),
    ]  # fmt: skip


def test_rows_are_counted_as_truth_counts_them(months):
    wanted = {
        (line["period"], line["dataset"], line["variant"]): (line["read"], line["quarantined"], line["unresolved"])
        for line in months.truth("rows") if not line["refused"]
    }  # fmt: skip
    rows = months.county.query(
        "SELECT period, dataset, kind, rows_read, rows_quarantined, rows_unresolved FROM core.submission"
    )
    seen = {row[:3]: row[3:] for row in rows if row[1] != "town.verification"}
    assert seen == wanted
    for line in months.truth("rows"):
        (counted,) = months.county.query(
            "SELECT coalesce(jsonb_object_agg(code, n), '{}') FROM (SELECT q.code, count(*) AS n FROM core.row_issue q"
            " JOIN core.submission s USING (arrival_id)"
            " WHERE (s.period, s.dataset, s.kind, q.effect) = (%s, %s, %s, 'repair')"
            " GROUP BY 1) x", line["period"], line["dataset"], line["variant"],
        )  # fmt: skip
        assert counted[0] == ({} if line["refused"] else line["repaired_by_code"])


def test_a_duplicate_points_to_the_first(months):
    first, again = [
        r for r in months.county.room.received if r.period == FIRST and r.dataset.startswith("insurance_med")
    ]
    assert again.submission_id == first.submission_id
    assert again.facts.keys() == {"first_arrived_at"}


def test_an_amendment_supersedes_and_carries_the_rest(months):
    rows = months.county.query(
        "SELECT submission_id, kind, supersedes, late, rows_read, rows_accepted FROM core.submission"
        " WHERE dataset LIKE 'insurance_med%%' AND period = %s ORDER BY recorded_as_of", SECOND,
    )  # fmt: skip
    (full, _, none, full_late, _, full_rows), (amended, kind, before, amend_late, amend_read, amend_rows) = rows
    assert (none, kind, before, full_late, amend_late) == (None, "amend", full, True, True)
    assert amend_rows == full_rows
    settled = dict(months.county.query(
        "SELECT submission_id, count(*) FROM data.insurance_med__enrolment_roster"
        " WHERE submission_id IN (%s, %s) GROUP BY 1",
        full, amended))  # fmt: skip
    assert settled == {full: full_rows, amended: full_rows}
    own = months.county.query(
        "SELECT count(*) FROM data.insurance_med__enrolment_roster WHERE submission_id = %s AND origin = %s",
        amended,
        amended,
    )
    assert own == [(amend_read,)]
    wrong = months.county.query(
        "SELECT DISTINCT i.submission_id FROM core.run_in_force r JOIN core.run_input i USING (run_id)"
        " WHERE r.period = %s AND i.submission_id = %s", SECOND, full,
    )  # fmt: skip
    assert wrong == []


def test_a_nil_report_is_a_submission_without_rows(months):
    (row,) = months.county.query("SELECT scope, period, rows_read, complete FROM core.submission WHERE kind = 'nil'")
    leads = {v["town"] for v in months.truth("visit") if v["period"] == SECOND}
    assert row[1:] == (SECOND, 0, True)
    assert row[0] in set(months.towns) - leads


# --- what the towns answered -------------------------------------------------------------------------------------
def test_a_blank_is_unanswered_and_never_a_refusal(months):
    town, _ = months.towns[:2]
    leads = months.county.query("SELECT lead_no FROM core.lead JOIN core.case_state USING (lead_id)"
                                " WHERE owner_region = %s AND period = %s ORDER BY region, lead_no",
                                town, FIRST)  # fmt: skip
    blank = months.county.query(
        "SELECT l.lead_no, c.outcome FROM core.case_state c JOIN core.lead l USING (lead_id)"
        " WHERE c.state = 'unanswered'"
    )
    assert blank == [(leads[-1][0], None)]


def test_answers_reach_the_ledger_as_they_were_given(months):
    seen = months.county.query(
        "SELECT h.number, c.outcome FROM core.case_state c JOIN core.lead l USING (lead_id)"
        " JOIN identity.household h USING (household_id) WHERE c.state = 'visited' AND l.period = %s", FIRST,
    )  # fmt: skip
    wanted = {
        v["household"]: ":".join(filter(None, (v["outcome"], v["refusal_reason"])))
        for v in months.truth("visit") if v["period"] == FIRST and v["town"] in months.towns[:2]
    }  # fmt: skip
    assert dict(seen).items() <= wanted.items()
    assert len(seen) == len(wanted) - 2  # one left blank, one with a changed locked cell


def test_a_changed_locked_cell_is_refused_and_the_town_is_told_its_row(months):
    county, town = months.county, months.towns[1]
    (issue,) = county.query("SELECT row_no, column_name, effect FROM core.row_issue WHERE code = 'locked_cell_changed'")
    assert issue[1:] == ("members", "quarantine")
    (address,) = [c.email for c in county.hub.policy.agreements["town"].contacts if c.region == town]
    sent, receipt = [
        m for m in county.mails(address) if months.recipe(m) in {("town_visits", FIRST), ("receipt", FIRST)}
    ]
    first_row = next(
        row[0].row
        for row in months.book(sent, "town", town, FIRST).worksheets[0].iter_rows()
        if str(row[0].value).startswith(FIRST)
    )
    assert issue[0] == first_row
    issues = months.book(receipt, "town", town, FIRST)
    summary, details = issues["汇总"], issues["明细"]
    header, *rows = [[cell.value for cell in row] for row in details.iter_rows(min_row=2)]
    told = [dict(zip(header, row, strict=True)) for row in rows]
    (locked,) = [row for row in told if row["问题代码"] == "locked_cell_changed"]
    assert (str(locked["行"]), locked["列"]) == (str(first_row), "家庭人口")
    assert any("locked_cell_changed" in {c.value for c in row} for row in summary.iter_rows())
    (lead_no,) = [c.value for c in months.book(sent, "town", town, FIRST).worksheets[0][first_row][:1]]
    assert county.query(
        "SELECT event FROM core.case_event JOIN core.case_state USING (case_id) JOIN core.lead USING (lead_id)"
        " WHERE lead_no = %s", lead_no,
    ) == []  # fmt: skip


# --- what went out -----------------------------------------------------------------------------------------------
def test_each_mail_lies_in_the_sink_once(months):
    county = months.county
    checks = verify.mails(county.dsn, county.office.home / "post", county.hub.policy.profile.desk.email)
    assert [c for c in checks if not c.ok] == []


def test_everybody_gets_what_the_month_calls_for(months):
    counted = Counter(months.recipe(mail) for mail in months.county.mails())
    with_leads = {p: {v["town"] for v in months.truth("visit") if v["period"] == p} for p in PERIODS}
    owners = {
        period: len(months.county.query(
            "SELECT DISTINCT owner_party FROM core.case_state WHERE kind = 'finding' AND opened_period = %s", period
        )) for period in PERIODS
    }  # fmt: skip
    reminders = {key: counted.pop(key) for key in list(counted) if key[0] == "reminder"}
    register_only = 1  # round 1 of the second month compares the register with itself alone
    assert counted == {
        ("receipt", FIRST): 5, ("receipt", SECOND): 4, ("refusal", SECOND): 1,
        ("town_visits", FIRST): len(with_leads[FIRST]), ("town_visits", SECOND): len(with_leads[SECOND]),
        ("agency_findings", FIRST): owners[FIRST], ("agency_findings", SECOND): owners[SECOND] + register_only,
        ("monthly_report", FIRST): 1, ("monthly_report", SECOND): 1,
    }  # fmt: skip
    overdue = months.county.query(
        "SELECT DISTINCT owner_region FROM core.case_state"
        " WHERE kind = 'lead' AND coalesce(state, 'unanswered') = 'unanswered' AND due < DATE '2026-12-04'"
    )
    assert sum(reminders.values()) == len(overdue) > 0


def test_a_report_leaves_only_after_its_approval(months):
    """The report of the second month's first round was never approved: the second round made it anew."""
    assert months.seen.left_unapproved == []
    assert months.seen.waiting == [1, 1, 1]
    assert months.seen.boss_mails == [0, 1, 1]
    assert len(months.county.mails("head@bureau.example")) == 2
    approvals = months.county.query("SELECT role, decision, decided_by FROM out.approval")
    assert approvals == [("head", "approved", "bureau-head")] * 2
    reports = months.county.query(
        "SELECT period, count(*) FROM out.delivery WHERE recipe = 'monthly_report' GROUP BY 1"
    )
    assert dict(reports) == {FIRST: 1, SECOND: 2}


def test_no_mail_shows_an_identifier_outside_its_sealed_workbook(months):
    numbers = {row[0] for row in months.county.query("SELECT id_number FROM identity.person")}
    for mail in months.county.mails():
        shown = [str(mail["Subject"])] + [
            part.get_filename() or part.get_content() for part in mail.walk()
            if part.get_content_maintype() == "text" or part.get_filename()
        ]  # fmt: skip
        assert not [n for n in numbers if any(n in text for text in shown)]


# --- why ---------------------------------------------------------------------------------------------------------
def test_explain_names_rows_files_rules_and_clauses(months):
    county, now = months.county, months.county.room.now
    line = max((e for e in months.truth("expected") if e["kind"] == "lead"), key=lambda e: (e["signals"], e["subject"]))
    found = explain(county.hub, line["subject"], now)
    lead = next(known for known in found.leads if known.period == line["period"])
    assert len(lead.grounds) == line["signals"]
    said = page(county.hub, found, now)
    for ground in lead.grounds:
        rule = county.hub.policy.rules[ground.rule]
        assert set(rule.clauses) <= set(said.replace("、", " ").split())
        assert f"{rule.title}（{rule.id}，版本 {rule.hash[:12]}）" in said
        datasets = {s.dataset for s in (*ground.sources, *ground.others)}
        assert datasets == {"hub.alleviated_person", "insurance_med.enrolment_roster"}
        for source in (*ground.sources, *ground.others):
            assert county.hub.policy.contracts[source.dataset].title in said
            assert f"文件 {source.package[:12]}" in said
            assert county.hub.vault.has(source.package)
        assert f"第 {ground.sources[0].row} 行" in said
    assert lead.deliveries
    numbers = {row[0] for row in county.query("SELECT id_number FROM identity.person")}
    assert not [n for n in numbers if n in said]


def test_the_row_that_explain_names_is_the_row_in_the_file(months):
    county = months.county
    subject, row, package = county.query(
        "SELECT p.id_number, (v.row->>'row')::int, a.package_hash"
        " FROM core.signal s JOIN core.signal_seen v USING (signal_key)"
        " JOIN identity.person p ON p.person_id = s.subject"
        " JOIN core.submission u ON u.submission_id = (v.row->>'submission')::bigint"
        " JOIN core.arrival a USING (arrival_id) WHERE s.subject_type = 'person' AND u.dataset LIKE 'insurance_med%%'"
        " AND u.period = %s ORDER BY 1", FIRST,
    )[0]  # fmt: skip
    roster = (FIRST, "insurance_med.enrolment_roster")
    file = next(county.synth / r["path"] for r in months.truth("rows") if (r["period"], r["dataset"]) == roster)
    assert county.query("SELECT count(*) FROM core.arrival WHERE package_hash = %s", package) == [(2,)]
    written = file.read_text(encoding="gb18030").splitlines()[row - 1]
    assert subject[6:14] in written or subject[8:14] in written  # a 15-digit number has no century


def test_explain_says_why_a_household_is_not_on_the_list(months):
    county, now = months.county, months.county.room.now
    led = {e["subject"] for e in months.truth("expected") if e["kind"] == "lead"}
    quiet = next(
        number for (number,) in county.query("SELECT number FROM identity.household ORDER BY 1") if number not in led
    )
    found = explain(county.hub, quiet, now)
    assert found.leads == ()
    assert "本户没有线索" in page(county.hub, found, now)
    assert explain(county.hub, "00000000000", now) is None


def test_explain_as_of_a_day_before_the_roster_came_names_the_frozen_rules(months):
    county = months.county
    then = county.room.now.replace(month=12, day=1, hour=2)
    led = {e["subject"] for e in months.truth("expected") if e["kind"] == "lead"}
    quiet = next(
        number for (number,) in county.query("SELECT number FROM identity.household ORDER BY 1") if number not in led
    )
    said = page(county.hub, explain(county.hub, quiet, then), then)
    assert "冻结的规则" in said
    assert json.dumps(SECOND).strip('"') in said
