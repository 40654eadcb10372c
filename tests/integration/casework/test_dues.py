"""Due dates in a year whose days off are not published: provisional, marked, and final once the calendar is known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from bidui.casework import closing
from bidui.casework.closing import Merged, Round
from bidui.pipeline import deliver, follow_up
from bidui.pipeline.conclude import due_on
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY
from bidui.policy import working_calendar
from bidui.rules.binding import VIEWS
from bidui.store import ledger, tables
from bidui.store.database import Role

PERIOD = "2026-12"
CLOSED = datetime(2026, 12, 30, 1, tzinfo=UTC)
SEVENTH = datetime(2027, 1, 7, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 11, 1, tzinfo=UTC)
DAYS_OFF = "2027-01-01,holiday,元旦,（试）\n2027-01-04,holiday,元旦,（试）\n"
"""What some day may be published of 2027; no more than a test."""


@pytest.fixture
def town(office: Office) -> str:
    return next(r.code for r in office.policy.regions if r.level == "town")


@pytest.fixture
def closed(office: Office, town: str) -> Office:
    """A month closed on 30 December: a lead of each level."""
    policy = office.policy
    now = Round(policy.hub, PERIOD, 1, new=True)
    with office.database.begin(Role.INTAKE) as connection:
        ledger.record(connection, tables.household, *(
            {"household_id": n, "hub": policy.hub, "system": policy.profile.numbering.system, "number": f"9900{n}"}
            for n in (1, 2, 3)
        ))  # fmt: skip
    merged = [Merged(n, town, level, ("illness",), ()) for n, level in enumerate(("red", "orange", "yellow"), 1)]
    dues = {level: due_on(office, f"visit_{level}", CLOSED) for level in policy.codes["level"].codes}
    with office.database.begin(Role.COMPARE) as connection:
        ledger.record(connection, tables.closing, {
            "hub": policy.hub, "period": PERIOD, "round": 1, "policy_hash": policy.hash,
            "recorded_as_of": CLOSED})  # fmt: skip
        closing.open_leads(connection, now, merged, {}, dues, policy.visiting.party, {town: town}, CLOSED)
    return office


def published(office: Office, tmp_path: Path) -> Office:
    """The office after the table of holidays was extended."""
    include = shutil.copytree(office.include, tmp_path / "include")
    with (include / working_calendar.FILE).open("a", encoding="utf-8") as days:
        days.write(DAYS_OFF)
    vars(office)["policy"] = replace(office.policy, calendar=working_calendar.read(include))
    return office


def dues(office: Office, as_of: datetime) -> dict[str, date]:
    """Level → due date, which reports see alike of the lead and of its case."""
    told = {"hub": office.policy.hub, "as_of": as_of, "successors": "{}"}
    with office.database.begin(Role.DELIVER) as connection:
        work = text(f"SELECT l.level, w.due FROM ({VIEWS['case']}) w JOIN core.lead l USING (lead_id)")
        found = dict(map(tuple, connection.execute(work, told)))
        leads = text(VIEWS["lead"].replace("JOIN core.lead_signal", "LEFT JOIN core.lead_signal"))
        assert {row.level: row.due for row in connection.execute(leads, told)} == found
        return found


def marks(office: Office) -> list[tuple[date, bool]]:
    with office.database.begin(Role.DELIVER) as connection:
        asked = text("SELECT due, provisional FROM core.case_due ORDER BY due, provisional DESC, recorded_as_of")
        return [tuple(row) for row in connection.execute(asked)]


def test_a_due_date_in_an_unpublished_year_is_provisional_and_only_such_a_one(closed: Office) -> None:
    assert dues(closed, CLOSED) == {"red": date(2027, 1, 6), "orange": date(2027, 1, 14), "yellow": date(2027, 1, 29)}
    assert marks(closed) == [(day, True) for day in (date(2027, 1, 6), date(2027, 1, 14), date(2027, 1, 29))]
    with closed.database.begin(Role.DELIVER) as connection:
        assert connection.execute(text("SELECT bool_and(due_provisional) FROM core.lead")).scalar_one()


def test_nothing_is_recomputed_while_the_year_is_not_known(closed: Office) -> None:
    before = dues(closed, LATER), marks(closed)
    assert follow_up.redate(closed, LATER) == 0
    assert (dues(closed, LATER), marks(closed)) == before


def test_it_is_recomputed_once_when_the_year_is_published(closed: Office, tmp_path: Path) -> None:
    before = dues(closed, LATER)
    office = published(closed, tmp_path)
    assert follow_up.redate(office, LATER) == 3
    # five working days without 1 and 4 January; days of the calendar end where they end
    assert dues(office, LATER) == {**before, "red": date(2027, 1, 8)}
    assert dues(office, LATER - timedelta(hours=1)) == before  # what was known before
    assert [day for day, provisional in marks(office) if not provisional] == [
        date(2027, 1, 8), date(2027, 1, 14), date(2027, 1, 29),
    ]  # fmt: skip
    assert follow_up.redate(office, LATER + timedelta(days=1)) == 0


def test_a_case_whose_year_is_known_has_no_mark(office: Office, town: str, tmp_path: Path) -> None:
    known = published(office, tmp_path)
    term = due_on(known, "visit_red", CLOSED)
    assert (term.day, term.provisional) == (date(2027, 1, 8), False)
    assert closing.provisional_due("case", term, CLOSED) == []


def test_a_reminder_marks_the_date_while_it_is_provisional(closed: Office) -> None:
    assert reminded(closed, SEVENTH) == {"2027年1月6日（暂定）"}


def test_a_reminder_goes_by_the_date_as_it_was_published(closed: Office, tmp_path: Path) -> None:
    office = published(closed, tmp_path)
    assert reminded(office, SEVENTH) == set()  # until the 8th there is time now
    assert reminded(office, LATER) == {"2027年1月8日"}


def reminded(office: Office, when: datetime) -> set[str]:
    """The due dates in the reminders of a day."""
    follow_up.redate(office, when)
    found = set()
    for errand in deliver.errands_of_day(office, PERIOD, when):
        if made := deliver.prepared(office, errand, when):
            with office.database.begin(Role.DELIVER) as connection:
                content = connection.execute(
                    text("SELECT content_hash FROM out.document WHERE delivery_id = :id AND name = :body"),
                    {"id": made.delivery_id, "body": MAIL_BODY},
                ).scalar_one()
            rows = [line.split("|") for line in office.vault.get(content).decode().splitlines() if "入户核查" in line]
            found |= {row[4].strip() for row in rows if len(row) > 4}
    return found


def test_findings_have_a_provisional_date_too(office: Office) -> None:
    due = due_on(office, "correction", CLOSED)
    assert due.provisional
    (row,) = closing.provisional_due("case", due, CLOSED)
    assert row == {"case_id": "case", "due": due.day, "provisional": True, "recorded_as_of": CLOSED}
    assert partial(due_on, office)("correction", CLOSED) == due
