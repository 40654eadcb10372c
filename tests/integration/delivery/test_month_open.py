"""The opening of a month: who is called upon for data, what the call says, and that it is made once."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import text

from bidui.delivery.mail import looks_personal
from bidui.domain.period import Period
from bidui.pipeline import deliver
from bidui.pipeline.arrive import scopes_of, window_of
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY
from bidui.store.database import Role

PERIOD = "2026-11"
WHEN = datetime.fromisoformat("2026-11-20T08:00:00+08:00")


def call(office: Office, period: str = PERIOD, when: datetime = WHEN) -> dict[str, str]:
    """Call for a month's data; recipient → text of its mail."""
    for errand in deliver.errands(office, "open", period, when):
        deliver.prepared(office, errand, when)
    with office.database.begin(Role.DELIVER) as connection:
        rows = connection.execute(text("""
            SELECT d.recipient, t.content_hash, m.subject FROM out.delivery d JOIN out.message m USING (delivery_id)
            JOIN out.document t USING (delivery_id) WHERE t.name = :body AND d.period = :period
        """), {"body": MAIL_BODY, "period": period}).all()  # fmt: skip
    assert not [row.subject for row in rows if looks_personal(row.subject)]
    return {row.recipient: office.vault.get(row.content_hash).decode() for row in rows}


def test_everybody_who_gives_expected_data_is_called_upon_and_nobody_else(office):
    policy = office.policy
    giving = [a for a in policy.agreements.values() if {p.dataset for p in a.provides} & set(policy.profile.expected)]
    wanted = {a.party for a in giving if a.kind != "regions"} | {
        f"{a.party}:{region.code}" for a in giving if a.kind == "regions"
        for region in policy.regions_of(a.level, date(2026, 11, 30))
    }  # fmt: skip
    assert set(call(office)) == wanted
    assert len(wanted) > len(giving) > 2


def test_a_call_names_the_data_their_form_and_their_days(office):
    said = call(office)["insurance_med"]
    assert "| 基本医疗保险参保名册 | 2026年11月 | 2026年11月30日 | 系统交换包（签名并加密） |" in said
    assert "请于**2026年11月25日至2026年11月30日**报送2026年11月数据" in said
    assert "数据截止日应在2026年11月1日以后" in said
    assert "入户核查表" not in said
    assert office.policy.profile.desk.phone in said


def test_a_town_is_asked_for_its_part_and_not_for_what_it_only_returns(office):
    said = next(said for recipient, said in call(office).items() if recipient.startswith("town:"))
    assert "| 农村低保 |" in said
    assert "入户核查" not in said


def test_a_call_says_what_cannot_be_compared_without_the_data(office):
    said = call(office)
    assert "下列比对不能开展" in said["insurance_med"]
    assert "未参加基本医疗保险" in said["insurance_med"] or "未参保" in said["insurance_med"]


def test_a_month_is_called_for_once(office):
    first = call(office)
    with office.database.begin(Role.DELIVER) as connection:
        before = connection.execute(text("SELECT count(*) FROM out.message")).scalar_one()
    assert call(office, when=WHEN.replace(hour=15)) == first
    with office.database.begin(Role.DELIVER) as connection:
        assert connection.execute(text("SELECT count(*) FROM out.message")).scalar_one() == before
    assert len(call(office, "2026-12", WHEN.replace(month=12))) == len(first)


@pytest.mark.parametrize(
    ("month", "opens", "closes"),
    [
        ("2026-02", date(2026, 2, 25), date(2026, 2, 28)),  # a month that has no 30th
        ("2026-04", date(2026, 4, 27), date(2026, 4, 30)),  # opens on a Saturday: moved on
    ],
)
def test_the_window_that_a_call_names(office, month, opens, closes):
    assert window_of(office, Period.parse(month)) == (opens, closes)


def test_a_dataset_in_parts_is_waited_for_region_by_region(office):
    found = scopes_of(office, Period.parse(PERIOD))
    assert list(found) == list(office.policy.profile.expected)
    by = {dataset: office.policy.contracts[dataset].by for dataset in found}
    assert {bool(scopes) for dataset, scopes in found.items() if by[dataset]} == {True}
    assert {bool(scopes) for dataset, scopes in found.items() if not by[dataset]} == {False}
