"""Code never names an agency, a place or a county: under other names for all of them, a month comes out the same."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from bidui.policy.agreement import Agreement
from bidui.policy.loading import load
from bidui.policy.policy_set import PolicySet
from bidui.synth import make
from demo.office import REPOSITORY
from tests.e2e.conftest import seeds
from tests.e2e.county import PERIODS, founded
from tests.e2e.played import Months, Seen
from tests.e2e.renaming import Names, renamed

pytestmark = pytest.mark.slow

FIRST = PERIODS[0]

FOUND = """
    SELECT r.rule, f.kind, p.id_number, f.field, f.system_a, f.system_b, f.discriminator
    FROM core.finding_seen v JOIN core.finding f USING (finding_key) JOIN core.run_in_force r USING (run_id)
    JOIN identity.person p ON p.person_id = f.subject WHERE r.period = %s
"""
SIGNALS = """
    SELECT r.rule, s.cause, coalesce(p.id_number, h.number), s.dataset, s.occurrence, v.amount, v.fact_date,
           v.row->>'row'
    FROM core.signal_seen v JOIN core.signal s USING (signal_key) JOIN core.run_in_force r USING (run_id)
    LEFT JOIN identity.person p ON s.subject_type = 'person' AND p.person_id = s.subject
    LEFT JOIN identity.household h ON s.subject_type = 'household' AND h.household_id = s.subject WHERE r.period = %s
"""
UNKNOWN = """
    SELECT r.rule, p.id_number, u.reason FROM core.unknown u JOIN core.run_in_force r USING (run_id)
    JOIN identity.person p ON p.person_id = u.subject WHERE r.period = %s
"""
LEADS = """
    SELECT h.number, l.lead_no, l.round, l.region, l.level, array_to_string(l.causes, ' '), l.due, c.owner_party,
           c.owner_region, c.state, c.outcome
    FROM core.lead l JOIN identity.household h USING (household_id) JOIN core.case_state c USING (lead_id)
    WHERE l.period = %s
"""
RECEIVED = """
    SELECT a.party, a.contact, a.dataset, i.outcome, i.reason, i.scope, s.rows_read, s.rows_accepted, s.rows_unresolved,
           s.rows_quarantined, s.complete, s.data_date
    FROM core.intake i JOIN core.arrival a USING (arrival_id) LEFT JOIN core.submission s USING (submission_id)
    WHERE i.period = %s
"""


@dataclass(frozen=True)
class Pair:
    """The month in the original policy and in the renamed one."""

    original: Months
    other: Months
    names: Names

    def both(self, of: Callable[[Months], Any]) -> tuple[Any, Any]:
        """What it is in the original, and in the other one under the old names; lists in any order."""
        left, right = of(self.original), _mapped(of(self.other), self.names.old)
        return (sorted(left), sorted(right)) if isinstance(left, list) else (left, right)


@pytest.fixture(scope="module")
def pair(played, small_policy, postgres, provision, passwords, tmp_path_factory, pytestconfig) -> Iterator[Pair]:
    folder, seed = tmp_path_factory.mktemp("renamed"), seeds(pytestconfig)[0]
    names = renamed(small_policy, "demo", folder / "include")
    profile = names.profiles["demo"]
    make(folder / "include", profile, folder / "synth", seed=seed, scale=0.1, periods=PERIODS)
    postgres.create_database("renamed")
    provision("renamed")
    address, dsn = f"127.0.0.1:{postgres.port}/renamed", postgres.dsn("renamed")
    with founded(
        folder / "home", folder / "include", profile, address, dsn, passwords, folder / "synth", migrate=True
    ) as county:
        county.play.first_month(FIRST)
        yield Pair(played(seed), Months(county, Seen()), names)
    postgres.drop_database("renamed")


def test_nothing_kept_its_name(pair, small_policy):
    old, new = pair.original.county.hub.policy, pair.other.county.hub.policy
    assert not (_ids(old) & _ids(new))
    assert len(_ids(old)) == len(_ids(new))
    written = "\n".join(f"{p} {p.read_text(encoding='utf-8')}" for p in new.include.rglob("*") if p.is_file())
    unmistakable = [name for name in _ids(old) if "." in name or name.isdigit() or "_" in name]
    assert [name for name in unmistakable if re.search(rf"(?<!\d){re.escape(name)}", written)] == []


@pytest.mark.parametrize(
    "query", [FOUND, SIGNALS, UNKNOWN, LEADS, RECEIVED], ids=["findings", "signals", "unknown", "leads", "received"]
)
def test_the_ledger_says_the_same(pair, query):
    original, other = pair.both(lambda months: [str(row) for row in months.county.query(query, FIRST)])
    assert original
    assert other == original


def test_the_report_says_the_same(pair):
    original, other = pair.both(lambda months: tuple(report(months, FIRST)))
    assert original
    assert other == original


def test_the_towns_get_the_same_workbooks(pair):
    original, other = pair.both(lambda months: {town: cells(months, "town_visits", town) for town in months.towns})
    assert original
    assert other == original


def test_who_is_asked_to_mend_gets_the_same_workbooks(pair):
    """Their numbers are hashes of keys that hold the datasets' ids; all the rest is the same, in another order."""
    original, other = pair.both(lambda months: [
        str((party, row[1:])) for party in months.county.hub.policy.agreements
        for sheet in cells(months, "agency_findings", party).values() for row in sheet
    ])  # fmt: skip
    assert original
    assert other == original


# --- the files themselves ----------------------------------------------------------------------------------------
def test_no_python_file_names_a_thing_of_the_policy():
    """Words that are roles, levels, rules or columns too (``hub``, ``certificate``) are left to the months above."""
    include = REPOSITORY / "include"
    policy = load(include, "demo")
    contracts = policy.contracts.values()
    vocabulary = {*get_args(Agreement.model_fields["kind"].annotation), *policy.profile.levels, *policy.rules}
    vocabulary |= {word for c in contracts for word in (*c.roles, *(column.name for column in c.columns))}
    names = {*_ids(policy), *(name.partition(".")[2] for name in policy.contracts)} - vocabulary
    with (include / "dictionary" / "regions.csv").open(encoding="utf-8-sig", newline="") as file:
        names |= {row["code"] for row in csv.DictReader(file)}
    wanted = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?![\w/-])")
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {said[0]}"
        for folder in ("plugins", "dags") for path in sorted((REPOSITORY / folder).rglob("*.py"))
        for line, string in _strings(path) if (said := wanted.search(string))
    ]  # fmt: skip
    assert found == []


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string that is more than a docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(node.body[0].value) for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    attributes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told | attributes:
            yield node.lineno, node.value


# --- reading results ---------------------------------------------------------------------------------------------
def report(months: Months, period: str) -> list[str]:
    """The text of the report that the head approved, without its number."""
    mail, *_ = [m for m in months.county.mails() if months.recipe(m) == ("monthly_report", period)]
    (part,) = mail.iter_attachments()
    with zipfile.ZipFile(io.BytesIO(part.get_content())) as parts:
        body = parts.read("word/document.xml").decode()
    paragraphs = ("".join(re.findall(r"<w:t[^>]*>([^<]*)", p)) for p in body.split("</w:p>"))
    return [text.replace(mail["X-Bidui-Delivery"], "…") for text in paragraphs if text]


def cells(months: Months, recipe: str, to: str) -> dict[str, list[tuple[str, ...]]]:
    """The cells of the first workbook of a recipe to a party or region, by sheet, without its number."""
    for made in months.county.hub.policy.agreements.values():
        for contact in made.contacts:
            if to not in (contact.region, made.party):
                continue
            for mail in months.county.mails(contact.email):
                if months.recipe(mail) == (recipe, FIRST):
                    book = months.book(mail, made.party, contact.region, FIRST)
                    number = mail["X-Bidui-Delivery"]
                    return {
                        sheet.title: [tuple(str(v).replace(number, "…") for v in row) for row in sheet.values]
                        for sheet in book
                        if sheet.sheet_state == "visible"
                    }
    return {}


def _ids(policy: PolicySet) -> set[str]:
    """Ids of parties, datasets, contacts, regions and the profile."""
    contacts = {c.id for a in policy.agreements.values() for c in a.contacts}
    return {*policy.agreements, *policy.contracts, *contacts, policy.hub, *(r.code for r in policy.regions)}


def _mapped(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, dict):
        return {_mapped(k, rename): _mapped(v, rename) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(v, rename) for v in value)
    return value
