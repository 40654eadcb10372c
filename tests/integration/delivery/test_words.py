"""The words of the field change with the years: a document uses those of the period that it speaks of."""

from __future__ import annotations

import io
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from sqlalchemy import text

from bidui.domain.period import Period
from bidui.pipeline import apply, deliver
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY, words
from bidui.policy.loading import load
from bidui.rules.binding import Binder
from bidui.store import ledger, tables
from bidui.store.database import Role

OLD, NEW = "2025-11", "2026-11"
WHEN = datetime.fromisoformat("2026-12-02T09:00:00+08:00")
"""Both months are spoken of on one day: it is the period that counts, not when a document is made."""


def documents(office: Office, moment: str, period: str, when: datetime = WHEN) -> dict[str, Any]:
    """What a moment of a period makes: recipe → the subject, the mail and the documents of its last delivery."""
    for errand in deliver.errands(office, moment, period, when):  # type: ignore[arg-type]
        deliver.prepared(office, errand, when)
    with office.database.begin(Role.DELIVER) as connection:
        rows = connection.execute(text(
            "SELECT d.recipe, t.name, t.content_hash, (SELECT max(m.subject) FROM out.message m"
            " WHERE m.delivery_id = d.delivery_id) AS subject"
            " FROM out.delivery d JOIN out.document t USING (delivery_id)"
            " WHERE d.period = :period"), {"period": period}).all()  # fmt: skip
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row.recipe, {"subject": row.subject})[row.name] = office.vault.get(row.content_hash)
    return found


def close(office: Office, period: str) -> None:
    with office.database.begin(Role.COMPARE) as connection:
        ledger.record(connection, tables.closing, {
            "hub": office.policy.hub, "period": period, "round": 1, "policy_hash": office.policy.hash,
            "recorded_as_of": WHEN})  # fmt: skip


def paragraphs(made: dict[str, Any]) -> str:
    (name,) = (name for name in made if name.endswith(".docx"))
    document = Document(io.BytesIO(made[name]))
    return "\n".join([name, *(p.text for p in (*document.sections[0].header.paragraphs, *document.paragraphs))])


def test_a_call_for_data_of_an_old_month_keeps_the_old_words(office: Office) -> None:
    for period, word, other in ((OLD, "防返贫监测", "防返贫致贫监测"), (NEW, "防返贫致贫监测", "防返贫监测")):
        made = documents(office, "open", period)["call_for_data"]
        for said in (made["subject"], made[MAIL_BODY].decode()):
            assert (word in said, other in said) == (True, False)


def test_a_monthly_report_of_an_old_month_keeps_the_old_words(office: Office) -> None:
    for period, word, other in ((OLD, "防止返贫监测", "防止返贫致贫监测"), (NEW, "防止返贫致贫监测", "防止返贫监测")):
        close(office, period)
        made = documents(office, "close", period)["monthly_report"]
        for said in (
            made["subject"],
            made[MAIL_BODY].decode(),
            paragraphs(made).replace(office.policy.profile.title, ""),
        ):
            said = said.replace(office.policy.profile.title, "")  # an office is called what it is called
            assert (word in said, other in said) == (True, False)


def test_reports_are_handed_the_words_of_their_period(office: Office) -> None:
    """What SQL takes from the code lists, too: an aid category as it was called then."""
    told = [
        {(w["list"], w["code"]): w["label"] for w in words(office, Period.parse(period).last_day)}
        for period in (OLD, NEW)
    ]
    assert [said["aid_category", "monitored"] for said in told] == ["监测对象", "防止返贫致贫对象"]
    assert [said["term", "funds"] for said in told] == ["衔接资金", "中央财政常态化帮扶资金"]


@pytest.fixture
def renamed(office: Office, tmp_path: Path) -> Office:
    """The same office, in whose county a town has another name, and a figure another value, since December."""
    include = shutil.copytree(office.include, tmp_path / "include")
    regions, base = include / "dictionary" / "regions.csv", include / "profiles" / "base.yaml"
    regions.write_text(regions.read_text(encoding="utf-8").replace(
        "云溪镇,town,990821,2021-01-01,\n",
        "云溪镇,town,990821,2021-01-01,2026-11-30\ndemo,990821101,云溪街道,town,990821,2026-12-01,\n",
    ), encoding="utf-8")  # fmt: skip
    base.write_text(base.read_text(encoding="utf-8").replace(
        "reminder_days: {values: {2021-01-01: 3}", "reminder_days: {values: {2021-01-01: 3, 2026-12-01: 2}"
    ), encoding="utf-8")  # fmt: skip
    vars(office)["policy"] = load(include, office.profile)
    return office


def test_a_region_is_called_what_it_was_called_in_the_period(renamed: Office) -> None:
    done = apply.apply_policy(renamed, WHEN)
    assert {"regions: 1 new", "regions: 1 ended"} <= set(done)
    assert not [said for said in apply.apply_policy(renamed, WHEN) if said.startswith("regions")]
    for period, name, other in (("2026-11", "云溪镇", "云溪街道"), ("2026-12", "云溪街道", "云溪镇")):
        made = documents(renamed, "open", period)
        assert "call_for_data" in made
        with renamed.database.begin(Role.DELIVER) as connection:
            content = connection.execute(text(
                "SELECT content_hash FROM out.document JOIN out.delivery USING (delivery_id)"
                " WHERE name = :body AND period = :period AND recipient = :town"),
                {"body": MAIL_BODY, "period": period, "town": "town:990821101"}).scalar_one()  # fmt: skip
            said = renamed.vault.get(content).decode()
            assert (name in said, other in said) == (True, False)
            rule = renamed.policy.rules["reminder"]
            binder = Binder(connection, renamed.policy, Period.parse(period), WHEN)
            told = {"recipient": "town", "recipient_region": "990821101", "today": WHEN.date(), "words": "[]"}
            bound = binder.bind(rule, {}, parameters=told)
            assert bound.parameters["reminder_days"] == {"2026-11": 3, "2026-12": 2}[period]
            regions = connection.execute(text(
                "SELECT name FROM core.region WHERE hub = :hub AND code = '990821101' AND valid_from <= :day"
                " AND coalesce(valid_to, :day) >= :day"),
                {"hub": renamed.policy.hub, "day": Period.parse(period).last_day}).scalars().all()  # fmt: skip
            assert regions == [name]


def test_a_dataset_is_called_what_it_was_called_in_the_period(office: Office) -> None:
    renamed = [contract for contract in office.policy.contracts.values() if contract.titles]
    assert renamed
    for contract in renamed:
        told = [
            next(w["label"] for w in words(office, Period.parse(period).last_day)
                 if (w["list"], w["code"]) == ("dataset", contract.id))
            for period in (OLD, NEW)
        ]  # fmt: skip
        assert told == [contract.title, *contract.titles.values()]
    hub = next(made for made in office.policy.agreements.values() if made.kind == "hub")
    for period, column in ((OLD, 0), (NEW, 1)):
        made = documents(office, "open", period, WHEN)
        assert "call_for_data" in made
        with office.database.begin(Role.DELIVER) as connection:
            content = connection.execute(text(
                "SELECT content_hash FROM out.document JOIN out.delivery USING (delivery_id)"
                " WHERE name = :body AND period = :period AND recipient = :hub"),
                {"body": MAIL_BODY, "period": period, "hub": hub.party}).scalar_one()  # fmt: skip
        said = office.vault.get(content).decode()
        asked = office.policy.contracts[office.policy.profile.expected[0]]
        assert f"| {(asked.title, *asked.titles.values())[column]} |" in said
