"""Three months of a small county, as the demo plays them: what is true is found, no more, and everybody is told."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bidui.pipeline.explain import explain
from bidui.pipeline.explain_page import page
from demo.verify import files, lines, post, vault, work
from tests.e2e.conftest import seeds
from tests.e2e.county import PERIODS, QUARTER
from tests.e2e.played import Months

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = PERIODS
REGISTER, ROSTER, VISITS = "hub.alleviated_person", "insurance_med.enrolment_roster", "town.verification"
CONTACTS = "hub.contact_list"
EXPENSE, BENEFIT, CERTIFICATE = "insurance_med.high_selfpay", "civil.dibao", "disabled.certificate"

TOWNS_TOLD = "SELECT DISTINCT l.period, l.round, c.owner_region FROM core.lead l JOIN core.case_state c USING (lead_id)"
OWNERS_TOLD = """
    SELECT DISTINCT k.period, k.round, c.owner_party FROM core.closing_run k
    JOIN core.finding_seen USING (run_id) JOIN core."case" c USING (finding_key)
"""


@pytest.fixture
def every(seed, played) -> Months:
    """The months of each seed that is asked for."""
    return played(seed)


@pytest.fixture(scope="module")
def months(played, pytestconfig) -> Months:
    """The months of the first seed."""
    return played(seeds(pytestconfig)[0])


# --- what was found ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("part", [lines, files, work, post, vault], ids=lambda part: part.__name__.rpartition(".")[2])
def test_the_demos_own_verification_holds(every, part):
    checks = part.checks(every.county.scene)
    assert checks
    assert [check for check in checks if not check.ok] == []


def test_every_kind_is_there_to_be_found(every):
    policy = every.county.hub.policy
    kinds = {line["kind"] for line in every.truth("expected")}
    assert kinds - {"unknown", "lead"} == {
        rule.finds or rule.id for stage in ("compare", "screen") for rule in policy.of_stage(stage)
    }


def test_a_frozen_rule_says_nothing_of_anybody(months):
    """In the second month neither the roster nor a town's part of the benefits came in time."""
    policy, rounds = months.county.hub.policy, months.county.room.rounds
    begun, late = [r for r in rounds if r.period == SECOND]
    assert (begun.round, late.round, late.frozen) == (1, 2, ())
    reads = {r.id: {n.role for n in r.reads.values()} for s in ("compare", "screen") for r in policy.of_stage(s)}
    silent = {rule for rule, roles in reads.items() if roles & {"roster", "benefit", "named"}}
    assert set(begun.frozen) == silent - {"benefit_unmonitored"}  # what a town has sent speaks for itself
    assert months.county.query(
        "SELECT DISTINCT dataset FROM core.run r, jsonb_object_keys(r.reason) AS dataset"
        " WHERE r.status = 'frozen' AND r.period = %s ORDER BY 1", SECOND,
    ) == [(BENEFIT,), (ROSTER,)]  # fmt: skip
    assert months.county.query(
        "SELECT r.run_id FROM core.run r WHERE r.status = 'frozen'"
        " AND (EXISTS (SELECT FROM core.finding_seen v WHERE v.run_id = r.run_id)"
        " OR EXISTS (SELECT FROM core.signal_seen v WHERE v.run_id = r.run_id))"
    ) == []  # fmt: skip


def test_a_benefit_that_stopped_needs_the_month_before(months):
    begun, _, _, third = months.county.room.rounds
    assert begun.frozen == ("aid_stopped",)
    assert third.frozen == ()


def test_closing_the_same_inputs_again_changes_no_table(months):
    assert len(months.seen.tables) == 4
    for before, after in months.seen.tables:
        assert {table: (before[table], after[table]) for table in before if before[table] != after[table]} == {}


# --- what came in ------------------------------------------------------------------------------------------------
def test_every_package_came_to_its_end(months):
    ends = Counter((r.period, r.dataset, r.outcome) for r in months.county.room.received)
    part, whole = "partly_accepted", "accepted"
    everywhere = {(p, d): 1 for p in PERIODS for d in (REGISTER, EXPENSE, CERTIFICATE, ROSTER)}
    everywhere |= {(p, BENEFIT): len(months.towns) for p in PERIODS}
    for (period, dataset), number in everywhere.items():
        taken = [n for (p, d, end), n in ends.items() if (p, d) == (period, dataset) and end in (part, whole)]
        assert sum(taken) == number + ((period, dataset) == (SECOND, ROSTER)), (period, dataset)
    assert {key: n for key, n in ends.items() if key[2] not in (part, whole) or key[1] == VISITS} == {
        (FIRST, ROSTER, "duplicate"): 1, (SECOND, ROSTER, "refused"): 1, (SECOND, VISITS, "nil"): 1,
        (FIRST, VISITS, whole): 1, (FIRST, VISITS, part): 1,
    }  # fmt: skip
    (refused,) = [r for r in months.county.room.received if r.outcome == "refused"]
    assert refused.reason == "columns_missing"


def test_each_dataset_came_in_its_envelope(months):
    seen = dict(months.county.query(
        "SELECT a.dataset, string_agg(DISTINCT a.channel || ' ' || (i.facts->>'sealing'), ' ')"
        " FROM core.intake i JOIN core.arrival a USING (arrival_id) WHERE i.facts ? 'sealing' GROUP BY 1"))  # fmt: skip
    assert seen == {
        REGISTER: "folder password_workbook", ROSTER: "folder machine", EXPENSE: "folder aes_zip",
        CERTIFICATE: "folder plain", BENEFIT: "mail password_workbook", VISITS: "mail password_workbook",
        CONTACTS: "folder password_workbook",
    }  # fmt: skip


def test_a_part_that_comes_late_joins_the_others(months):
    late = months.county.query(
        "SELECT scope, late FROM core.submission WHERE dataset = %s AND period = %s ORDER BY 1", BENEFIT, SECOND
    )
    assert [scope for scope, _ in late] == months.towns
    assert [scope for scope, is_late in late if is_late] == [months.towns[2]]


def test_a_duplicate_points_to_the_first(months):
    first, again = [r for r in months.county.room.received if (r.period, r.dataset) == (FIRST, ROSTER)]
    assert again.submission_id == first.submission_id
    assert again.facts.keys() == {"first_arrived_at"}


def test_an_amendment_supersedes_and_carries_the_rest(months):
    rows = months.county.query(
        "SELECT submission_id, kind, supersedes, late, rows_read, rows_accepted FROM core.submission"
        " WHERE dataset = %s AND period = %s ORDER BY recorded_as_of", ROSTER, SECOND,
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
    mails = [(m, months.recipe(m)) for m in county.mails(address)]
    (sent,) = [m for m, about in mails if about == ("town_visits", FIRST)]
    *_, receipt = [m for m, about in mails if about == ("receipt", FIRST)]
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
def test_everybody_gets_what_the_months_call_for(months):
    county, policy = months.county, months.county.hub.policy
    counted = Counter(months.recipe(mail) for mail in county.mails())
    reminders = sum(counted.pop(key) for key in list(counted) if key[0] == "reminder")
    asked = set(policy.profile.expected)
    providers = [a for a in policy.agreements.values() if asked & {p.dataset for p in a.provides}]
    called = sum(len(months.towns) if a.kind == "regions" else 1 for a in providers)
    circle = sum(len(a.contacts) for a in policy.agreements.values() if "quarterly_bulletin" in a.receives)
    wanted = Counter({
        ("refusal", SECOND): 1, ("call_for_data", SECOND): called, ("call_for_data", THIRD): called,
        ("quarterly_bulletin", QUARTER): circle, ("approval_request", QUARTER): 2,
        **{("monthly_report", period): 2 for period in PERIODS},
        **{("approval_request", period): 2 + (period == SECOND) for period in PERIODS},
    })  # fmt: skip
    wanted.update({  # three are asked for and answered in the first month, of which one is withheld; one in the third
        ("need_reply", "2026-11"): 3, ("need_reply", "2026-12"): 1, ("need_rows", FIRST): 1, ("need_figures", FIRST): 1,
        ("need_reminder", SECOND): 1,
    })  # fmt: skip
    wanted.update(("receipt", r.period) for r in county.room.received if r.outcome != "refused")
    for recipe, query in {"town_visits": TOWNS_TOLD, "agency_findings": OWNERS_TOLD}.items():
        wanted.update((recipe, period) for period, *_ in county.query(query))
    assert counted == wanted
    overdue = county.query(
        "SELECT DISTINCT owner_region FROM core.case_state"
        " WHERE kind = 'lead' AND coalesce(state, 'unanswered') = 'unanswered' AND due < DATE '2026-12-04'"
    )
    assert reminders == len(overdue) > 0


def test_a_report_leaves_only_after_its_approvals(months):
    """That of the second month's first round was never approved: the second round made it anew, and it was rejected."""
    assert months.seen.left_unapproved == []
    assert months.seen.waiting == [1, 1, 1, 1]
    assert months.seen.reports_sent == [0, 2, 2, 4]
    approvals = months.county.query(
        "SELECT d.period, a.role, a.decision, a.decided_by FROM out.approval a JOIN out.delivery d USING (delivery_id)"
        " ORDER BY a.recorded_as_of, a.decision DESC, array_position(d.approvals, a.role)"
    )
    both = [("head", "approved", "bureau-head"), ("recheck", "approved", "farm-office")]
    assert approvals == [
        *((FIRST, *one) for one in both), (SECOND, "head", "rejected", "bureau-head"),
        *((SECOND, *one) for one in both), *((THIRD, *one) for one in both),
        *((QUARTER, *one) for one in both),
    ]  # fmt: skip
    reports = months.county.query(
        "SELECT period, count(*) FROM out.delivery WHERE recipe IN ('monthly_report', 'quarterly_bulletin') GROUP BY 1"
    )
    assert dict(reports) == {FIRST: 1, SECOND: 3, THIRD: 1, QUARTER: 1}


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
        assert {REGISTER} < datasets
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
        " JOIN core.arrival a USING (arrival_id) WHERE s.subject_type = 'person' AND u.dataset = %s"
        " AND u.period = %s ORDER BY 1", ROSTER, FIRST,
    )[0]  # fmt: skip
    roster = (FIRST, ROSTER)
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
