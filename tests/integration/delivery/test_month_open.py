"""The opening of a month: who is called upon for data, what the call says, and that it is made once."""

from __future__ import annotations

import hashlib
import io
import mailbox
from dataclasses import replace
from datetime import date, datetime
from email import message_from_bytes
from email.policy import default

import openpyxl
import pytest
from sqlalchemy import text

from bidui.delivery.mail import looks_personal
from bidui.domain.period import Period
from bidui.pipeline import deliver, forms
from bidui.pipeline.arrive import scopes_of, window_of
from bidui.pipeline.office import Office
from bidui.pipeline.prepare import MAIL_BODY
from bidui.store.database import Role
from demo.services.mail import MailServer
from demo.services.process import free_port

PERIOD = "2026-11"
WHEN = datetime.fromisoformat("2026-11-20T08:00:00+08:00")


def call(office: Office, period: str = PERIOD, when: datetime = WHEN) -> dict[str, str]:
    """Call for a month's data; recipient → text of its mail."""
    for errand in deliver.errands(office, "open", period, when):
        if errand.recipe == "call_for_data":
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


def test_who_cannot_share_by_the_month_is_called_upon_as_a_quarter_ends(office):
    policy, rare = office.policy, "disabled.certificate"
    hub = policy.profile
    others = tuple(dataset for dataset in hub.expected if dataset != rare)
    window = hub.window.model_copy(update={"quarterly": (rare,)})
    vars(office)["policy"] = replace(policy, profile=hub.model_copy(update={"expected": others, "window": window}))
    assert rare not in scopes_of(office, Period.parse(PERIOD))
    assert "disabled" not in call(office)
    assert rare in scopes_of(office, Period.parse("2026-12"))
    assert "| 持证残疾人 |" in call(office, "2026-12", WHEN.replace(month=12))["disabled"]


def enclosed(office: Office, recipient: str, period: str = PERIOD) -> dict[str, bytes]:
    """What goes along with a recipient's call: name → content."""
    with office.database.begin(Role.DELIVER) as connection:
        rows = connection.execute(text("""
            SELECT t.* FROM out.delivery d JOIN out.document t USING (delivery_id)
            WHERE d.recipient = :recipient AND d.period = :period AND t.name <> :body
        """), {"recipient": recipient, "period": period, "body": MAIL_BODY}).all()  # fmt: skip
    assert {row.sealing for row in rows} <= {"plain"}
    found = {row.name: office.vault.get(row.content_hash) for row in rows}
    assert {row.name: (row.content_hash, row.bytes) for row in rows} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in found.items()
    }
    return found


def test_a_call_carries_a_blank_form_and_a_guide_of_each_dataset(office):
    said = call(office)["insurance_med"]
    found = enclosed(office, "insurance_med")
    titles = ("基本医疗保险参保名册", "高额自付费用")
    assert set(found) == {f"2026年11月{t}（{k}" for t in titles for k in ("空白报送表）.xlsx", "填报说明）.docx")}
    assert "随信附空白报送表和填报说明4份（不含个人信息，未加密）" in said
    assert not [name for name in found if looks_personal(name)]
    assert sum(map(len, found.values())) < 1_000_000
    book = openpyxl.load_workbook(io.BytesIO(found["2026年11月高额自付费用（空白报送表）.xlsx"]))
    assert "县医疗保障局" in str(book.worksheets[0]["A2"].value)


def test_a_town_gets_forms_of_what_it_gives_but_not_of_what_it_only_returns(office):
    towns = [recipient for recipient in call(office) if recipient.startswith("town:")]
    found = {town: enclosed(office, town) for town in towns}
    assert {name for names in found.values() for name in names} == {
        f"2026年11月{title}（{kind}"
        for title in ("农村低保", "信息变更申请") for kind in ("空白报送表）.xlsx", "填报说明）.docx")
    }  # fmt: skip
    named = {openpyxl.load_workbook(io.BytesIO(f["2026年11月农村低保（空白报送表）.xlsx"])).worksheets[0]["A2"].value
             for f in found.values()}  # fmt: skip
    assert len(named) == len(towns) > 1


def test_the_forms_that_the_command_writes_are_those_that_were_mailed(office, tmp_path):
    call(office)
    written = forms.write(office.policy, "disabled", None, Period.parse(PERIOD), tmp_path)
    assert {path.name: path.read_bytes() for path in written} == enclosed(office, "disabled")


def test_forms_go_along_only_where_the_recipe_says_so(office):
    recipe = office.policy.recipes["call_for_data"]
    bare = recipe.model_copy(update={"forms": False})
    vars(office)["policy"] = replace(office.policy, recipes={**office.policy.recipes, recipe.id: bare})
    assert "随信附" not in call(office)["disabled"]
    assert enclosed(office, "disabled") == {}


def test_a_call_and_its_forms_reach_the_party_by_mail(office, tmp_path):
    server = MailServer(free_port(), tmp_path / "post", ())
    server.start()
    vars(office)["mail_server"] = f"127.0.0.1:{server.port}"
    try:
        errand = next(e for e in deliver.errands(office, "open", PERIOD, WHEN) if e.recipient == "disabled")
        first, again = (deliver.run(office, errand, when) for when in (WHEN, WHEN.replace(hour=15)))
    finally:
        server.stop()
    assert (first.accepted, again.accepted, again.failed) == (1, 0, 0)
    (address,) = {c.email for c in office.policy.agreements["disabled"].contacts if c.in_force(WHEN.date())}
    (mail,) = [message_from_bytes(m.as_bytes(), policy=default) for m in mailbox.Maildir(tmp_path / "post" / address)]
    attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert attached == enclosed(office, "disabled")
