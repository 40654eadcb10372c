"""The profiles of the five notices: each plays a month in a synthetic hub and is verified; one of them a quarter."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bidui.domain.period import Period
from bidui.pipeline import conclude
from bidui.pipeline.clause_results import results
from bidui.policy.loading import load
from bidui.synth import make
from demo.parties import truth
from demo.verify import files, lines, post, work
from tests.clauses.evidence import Kept
from tests.counties import Found
from tests.e2e.county import PERIODS, QUARTER, County
from tests.e2e.played import Months, play

pytestmark = pytest.mark.slow

HOUSEHOLDS = 0.3
"""Of a synthetic hub; enough for a month's findings and leads."""
FIVE = ("qinan", "shiquan", "zhumadian", "huaiyuan", "eshan")
QUARTERLY = "qinan"
CITY = "zhumadian"


@dataclass
class Hubs:
    """Hubs by profile, played when they are first asked for."""

    found: Found
    include: Path
    folder: Path
    stack: ExitStack
    known: dict[str, County] = field(default_factory=dict)

    def of(self, profile: str) -> County:
        """The hub of a profile after its first month; the quarterly one after its quarter."""
        if profile not in self.known:
            synth = self.folder / profile
            periods = PERIODS if profile == QUARTERLY else PERIODS[:1]
            make(self.include, profile, synth, seed=1, scale=HOUSEHOLDS, periods=periods)
            county = self.stack.enter_context(self.found(self.include, synth, profile))
            if profile == QUARTERLY:
                play(county, look=False)
            else:
                county.play.first_month(PERIODS[0])
            self.known[profile] = county
        return self.known[profile]


@pytest.fixture(scope="module")
def hubs(found: Found, small_policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    with ExitStack() as stack:
        yield Hubs(found, small_policy, tmp_path_factory.mktemp("profiles"), stack)


@pytest.fixture(params=FIVE)
def county(request: pytest.FixtureRequest, hubs: Hubs) -> County:
    return hubs.of(request.param)


def test_the_evidence_names_what_gave_a_result(county):
    """Half of what shows that clauses are covered in a profile (docs/how-to/prove-a-clause.md)."""
    Kept.of_shipped().played(county.hub.profile, results(county.hub.database, county.hub.policy))


def test_what_is_true_is_found_and_nothing_else(county):
    checks = [check for part in (lines, files, work, post) for check in part.checks(county.scene)]
    assert len(checks) > 20
    assert {check.name: (check.expected, check.seen) for check in checks if not check.ok} == {}


def test_every_dataset_of_its_agreements_comes_in(county):
    """What comes by the month does so; whatever else the synthetic hub has for the month was taken, too."""
    policy = county.hub.policy
    taken = {row[0] for row in county.query("SELECT DISTINCT dataset FROM core.submission WHERE kind <> 'nil'")}
    made = {line["dataset"] for line in truth(county.synth / "truth.jsonl", "rows")}
    assert taken == made | set(policy.in_role("outcome"))
    assert set(policy.profile.expected) <= taken
    given = {provision.dataset for agreement in policy.agreements.values() for provision in agreement.provides}
    assert taken <= given


def test_its_report_says_that_nothing_is_missing(county):
    ((missing,),) = county.query("""
        SELECT count(*) FROM unnest(%s) AS e(dataset) WHERE NOT EXISTS (
            SELECT FROM core.submission s WHERE s.dataset = e.dataset AND s.period = %s)
    """, list(county.hub.policy.profile.expected), PERIODS[0])  # fmt: skip
    assert missing == 0
    assert county.room.rounds[0].frozen == ("aid_stopped",)  # the first month has none before it


def test_a_quarter_ends_with_its_bulletin(hubs):
    months = Months(hubs.of(QUARTERLY), None)
    sent = Counter(months.recipe(mail) for mail in months.county.mails())
    policy = months.county.hub.policy
    circle = sum(len(a.contacts) for a in policy.agreements.values() if "quarterly_bulletin" in a.receives)
    assert sent["quarterly_bulletin", QUARTER] == circle


# --- a city, whose counties pass on to their towns ---------------------------------------------------------------
def test_a_city_asks_its_counties(hubs):
    county = hubs.of(CITY)
    policy = county.hub.policy
    counties = [r.code for r in policy.regions_of("county", county.room.now.date())]
    assert len(counties) == 3
    assert county.query(
        "SELECT DISTINCT recipient FROM out.delivery WHERE recipe = 'town_visits' ORDER BY 1"
    ) == [(f"county:{code}",) for code in counties]  # fmt: skip
    owners = {row[0] for row in county.query('SELECT DISTINCT owner_region FROM core."case" WHERE kind = %s', "lead")}
    assert owners == set(counties)


def test_a_county_hands_in_its_part_and_civil_affairs_of_the_city_the_whole(hubs):
    county = hubs.of(CITY)
    scopes = county.query(
        "SELECT dataset, array_agg(DISTINCT scope ORDER BY scope) FROM core.submission WHERE period = %s"
        " AND dataset IN ('town.self_report', 'civil.dibao') GROUP BY dataset ORDER BY dataset",
        PERIODS[0],
    )
    counties = [r.code for r in county.play.towns]
    assert scopes == [("civil.dibao", [CITY]), ("town.self_report", counties)]


def test_a_county_s_workbook_is_in_the_order_of_its_towns(hubs):
    """One workbook for the county: each row names its town and village, so that it can be cut up by towns."""
    county = hubs.of(CITY)
    months, names = Months(county, None), {r.code: r for r in county.hub.policy.regions}
    for region in county.play.towns:
        (address,) = [c.email for c in county.hub.policy.visiting.contacts if c.region == region.code]
        (mail,) = [m for m in county.mails(address) if months.recipe(m) == ("town_visits", PERIODS[0])]
        sheet = months.book(mail, "county", region.code, PERIODS[0]).worksheets[0]
        rows = [row for row in sheet.iter_rows(values_only=True) if str(row[0]).startswith(PERIODS[0])]
        seen = [(row[1], row[2]) for row in rows]
        towns = {r.name: r.code for r in names.values() if r.parent == region.code}
        assert len({town for town, _ in seen}) > 1
        assert {town for town, _ in seen} <= towns.keys()
        assert [towns[town] for town, _ in seen] == sorted(towns[town] for town, _ in seen)
        villages = {(towns[names[v.parent].name], v.name) for v in names.values() if v.parent in towns.values()}
        assert {(towns[town], village) for town, village in seen if village} <= villages


# --- what the profiles say ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("profile", FIVE)
def test_a_profile_names_its_clauses(small_policy, profile):
    """Whatever a profile says differently from the base it has from its own notice."""
    initials = {"qinan": "QA-", "shiquan": "SQ-", "zhumadian": "ZM-", "huaiyuan": "HY-", "eshan": "ES-"}[profile]
    own, base = load(small_policy, profile).profile, load(small_policy, "demo").profile
    for mine, shared in ((own.thresholds, base.thresholds), (own.deadlines, base.deadlines)):
        changed = [figure for name, figure in mine.items() if figure != shared.get(name)]
        assert all(clause.startswith(initials) for figure in changed for clause in figure.clauses)
        assert all(figure.clauses and not figure.source for figure in changed)
    assert all(clause.startswith(initials) for clause in own.window.clauses)


# --- moving a figure ---------------------------------------------------------------------------------------------
COSTS = """
    SELECT d.person_id, sum(d.own_paid) FROM data.insurance_med__high_selfpay d
    WHERE d.settled_on BETWEEN %s AND %s AND d.person_id IN (SELECT person_id FROM data.hub__alleviated_person)
    GROUP BY 1 ORDER BY 2
"""
SIGNALS = """
    SELECT r.rule, s.subject_type, s.subject, s.dataset, s.occurrence FROM core.signal_seen v
    JOIN core.signal s USING (signal_key) JOIN core.run_in_force r USING (run_id) WHERE r.period = %s
"""


def test_a_threshold_moved_in_the_profile_moves_the_people_at_its_boundary_and_nobody_else(hubs, tmp_path):
    county = hubs.of("eshan")
    month = Period.parse(PERIODS[0])
    costs = county.query(COSTS, month.first_day, month.last_day)
    found = set(county.query(SIGNALS, PERIODS[0]))
    limit = county.hub.policy.threshold("selfpay_month", month.last_day)
    nearest = min(cost for _, cost in costs if cost > limit)
    below = max(cost for _, cost in costs if cost <= limit)
    for at, moved in enumerate((nearest, below - Decimal("0.01")), 1):
        include = tmp_path / f"include{at}"
        shutil.copytree(county.hub.include, include)
        profile = include / "profiles" / "eshan.yaml"
        said, old = profile.read_text(encoding="utf-8"), "selfpay_month: {values: {2022-03-21: 10000}"
        assert old in said
        new = old.replace("10000}", f"10000, {month.first_day}: {moved}}}")
        profile.write_text(said.replace(old, new), encoding="utf-8")
        conclude.close(replace(county.hub, include=include), PERIODS[0], county.room.now + timedelta(hours=at))
        now = set(county.query(SIGNALS, PERIODS[0]))
        between = {person for person, cost in costs if min(moved, limit) < cost <= max(moved, limit)}
        assert {(rule, subject) for rule, _, subject, *_ in now ^ found} == {("high_selfpay", p) for p in between}
        assert between
        assert (now < found) == (moved > limit)
    conclude.close(county.hub, PERIODS[0], county.room.now + timedelta(hours=3))
    assert set(county.query(SIGNALS, PERIODS[0])) == found
