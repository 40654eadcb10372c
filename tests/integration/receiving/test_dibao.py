"""A town's list of households with minimum living aid: one row a household, received as one row a member."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bidui.pipeline.certify import certify
from bidui.pipeline.receive import Received
from bidui.sealing import authority, machine
from bidui.store import ledger
from bidui.store.database import Role

from .conftest import PERIOD, Roads, Row, mistyped, person, sheet

HEADER = [
    "乡镇", "村", "低保证号", "救助类型", "保障人口", "月保障金额", "起保日期",
    *(f"{title}{n}" for n in range(1, 10) for title in ("姓名", "证件号码", "与户主关系")),
]  # fmt: skip
"""With room for a ninth member, for whom the contract has none."""
NAME = f"农村低保_{PERIOD}.xlsx"
PEOPLE = [person(serial=f"{n:03d}") for n in range(1, 60)]
GAP = ("", "", "")

Send = Callable[..., Received]
Household = Callable[..., Row]


@pytest.fixture(scope="module")
def household(places) -> Household:
    """Makes a row: case number, members (name, number, relation), and what differs."""

    def row(
        case: str, *members: tuple[str, str, str], amount: object = 300, count: int = 0, start: str = "2026-03-01",
        town: int = 0,
    ) -> Row:  # fmt: skip
        _, name, village = places(town)
        persons = count or len([m for m in members if m != GAP])
        return [name, village, case, "全额", persons, amount, start, *(cell for member in members for cell in member)]

    return row


@pytest.fixture(scope="module")
def send(road: Roads, places) -> Send:
    """Mails rows from a town, below two title lines and the header, which is row 3."""

    def sent(*rows: Row, town: int = 0) -> Received:
        return road.mail(
            places(town)[0], NAME, sheet(["2026年11月农村低保名单"], ["填报单位：镇民政办"], HEADER, *rows)
        )

    return sent


@pytest.fixture(scope="module")
def received(send: Send, household: Household) -> Received:
    """A list with everything in it that lists have: rows 4 to 18 and a sum below."""
    p = PEOPLE
    return send(
        household("D04", ("张三", p[0], "户主"), ("李四", p[1], "配偶")),
        household("D05", ("张五", p[2], "户主"), GAP, ("李五", "", "配偶"), ("王五", p[3], "之子"), count=3),
        household("D06", ("张六", p[4], "户主"), ("", p[5], "配偶")),
        household("D07", ("张七", mistyped(p[6]), "户主"), ("李七", mistyped(p[7]), "配偶")),
        household("D08", ("张八", "9.90821E+17", "户主"), ("李八", p[9], "配偶")),
        household("D09", *((f"成员{n}", p[10 + n], "其他") for n in range(9))),
        household("D10", ("张十", p[20], "户主"), ("李十", p[21], "之子"), ("李十", p[21], "之子"), count=2),
        household("D11", ("赵一", p[22], "户主"), ("钱一", p[23], "之子")),
        household("D11", ("赵一", p[22], "户主"), ("钱一", p[23], "之子")),
        household("D13", ("孙三", p[24], "户主")),
        household("D14", ("孙三", p[24], "户主"), amount=500),
        household("D15", ("周五", p[25], "户主"), ("吴五", p[26], "之子"), count=3, amount="", start="2026-12-01"),
        household("D16", ("郑六", p[27], "户主"), amount="1,234.50"),
        household("D17", ("郑七", p[28], "户主"), amount="￥300元"),
        household("D18", ("郑八", p[29], "户主"), amount="0.3万元"),
        ["合计", "", "", "", 30, 4534.5],
    )  # fmt: skip


@pytest.fixture(scope="module")
def settled(road: Roads) -> Callable[..., list[tuple[object, ...]]]:
    """(slot, ID number, amount) of the members in one row of a file."""

    def members(of: Received, row: int) -> list[tuple[object, ...]]:
        return road.rows("""
            SELECT d.member_no, p.id_number, d.amount
            FROM data.civil__dibao d LEFT JOIN identity.person p USING (person_id)
            WHERE d.submission_id = :id AND d.row_no = :row ORDER BY 1
        """, id=of.submission_id, row=row)  # fmt: skip

    return members


@pytest.fixture(scope="module")
def told(road: Roads, received: Received) -> Callable[[int | None], list[tuple[str, str]]]:
    """(header, code) of what the town is told about one row."""
    issues = road.issues(received)
    return lambda row: [(title, code) for at, title, code in issues if at == row]


# --- one file ----------------------------------------------------------------------------------------------------
def test_it_comes_from_a_town_and_belongs_to_the_civil_affairs(road, received, places):
    assert (received.dataset, received.outcome, received.scope) == ("civil.dibao", "partly_accepted", places(0)[0])
    assert road.rows("SELECT party, contact FROM core.arrival WHERE arrival_id = :id", id=received.arrival_id) == [
        ("town", "town-101")
    ]
    told = road.rows("SELECT recipe FROM out.delivery WHERE recipient = :town", town=f"town:{places(0)[0]}")
    assert told == [("receipt",)]


def test_members_settle_with_their_household_and_money_stands_once(road, received, settled, told):
    assert settled(received, 4) == [(1, PEOPLE[0], Decimal(300)), (2, PEOPLE[1], None)]
    assert told(4) == []
    facts = road.rows(
        "SELECT DISTINCT aid_type, insured_count, started_on::text, relation FROM data.civil__dibao WHERE row_no = 4"
        " ORDER BY relation"
    )
    assert facts == [("full", 2, "2026-03-01", "head"), ("full", 2, "2026-03-01", "spouse")]
    assert told(19) == [(None, "footer_dropped")]


def test_households_have_a_numbering_system_of_their_own(road, received, policy):
    systems = road.rows("SELECT DISTINCT system FROM identity.household WHERE number LIKE 'D%'")
    assert systems == [("低保证号",)]
    assert policy.profile.numbering.system != "低保证号"


@pytest.mark.parametrize(
    ("row", "header", "left", "line", "known"),
    [
        (5, "证件号码3", [(1, PEOPLE[2], Decimal(300)), (4, PEOPLE[3], None)], 503, False),
        (6, "姓名2", [(1, PEOPLE[4], Decimal(300))], 602, True),
    ],
    ids=["name without number, after a gap", "number without name"],
)  # fmt: skip
def test_a_member_set_aside_leaves_his_household(road, received, settled, told, row, header, left, line, known):
    assert told(row) == [(header, "required_missing")]
    assert settled(received, row) == left
    unsettled = road.rows("SELECT reason, person_id IS NOT NULL FROM identity.unsettled_row WHERE row_no = :line"
                          " AND submission_id = :id", line=line, id=received.submission_id)  # fmt: skip
    assert unsettled == [("quarantined", known)]


def test_two_unresolved_members_of_one_row_stay_two(road, received, settled, told):
    assert told(7) == [("证件号码1", "id_check_digit"), ("证件号码2", "id_check_digit")]
    assert settled(received, 7) == [(1, None, Decimal(300)), (2, None, None)]
    lines = road.rows("SELECT -person_id FROM data.civil__dibao WHERE row_no = 7 ORDER BY 1 DESC")
    assert lines == [(702,), (701,)]
    assert road.rows("SELECT row_no FROM identity.unsettled_row WHERE reason = 'unresolved' ORDER BY 1 DESC") == lines


def test_money_is_not_lost_with_the_first_member(received, settled, told):
    assert told(8) == [("证件号码1", "id_rounded")]
    assert settled(received, 8) == [(2, PEOPLE[9], Decimal(300))]


def test_a_ninth_member_is_set_aside_by_name(received, settled, told):
    assert told(9) == [("姓名9", "member_beyond_slots")]
    assert [slot for slot, *_ in settled(received, 9)] == list(range(1, 9))


def test_a_member_named_twice_counts_once(received, settled, told):
    assert told(10) == [("证件号码3", "duplicate_identical")]
    assert [slot for slot, *_ in settled(received, 10)] == [1, 2]


def test_a_household_that_stands_there_twice_is_paid_once(received, settled, told):
    assert (told(11), settled(received, 11)) == ([], [(1, PEOPLE[22], Decimal(300)), (2, PEOPLE[23], None)])
    assert told(12) == [("证件号码1", "duplicate_identical"), ("证件号码2", "duplicate_identical")]
    assert settled(received, 12) == []


def test_a_person_in_two_households_comes_in_for_the_comparison_to_find(received, settled, told):
    assert (told(13), told(14)) == ([], [])
    assert settled(received, 13) == [(1, PEOPLE[24], Decimal(300))]
    assert settled(received, 14) == [(1, PEOPLE[24], Decimal(500))]


def test_what_is_said_of_a_household_is_noted_once(received, settled, told):
    assert set(told(15)) == {
        ("保障人口", "insured_count_differs"), ("月保障金额", "aid_amount_missing"), ("起保日期", "date_in_future"),
    }  # fmt: skip
    assert len(told(15)) == 3
    assert settled(received, 15) == [(1, PEOPLE[25], None), (2, PEOPLE[26], None)]


@pytest.mark.parametrize(
    ("row", "amount", "codes"),
    [(16, Decimal("1234.5"), []), (17, Decimal(300), []), (18, None, ["number_unreadable", "aid_amount_missing"])],
)
def test_money_as_people_write_it(received, settled, told, row, amount, codes):
    assert [value for *_, value in settled(received, row)] == [amount]
    assert told(row) == [("月保障金额", code) for code in codes]


# --- one file after another --------------------------------------------------------------------------------------
def test_each_unresolved_member_has_candidates_of_his_own(road, send, household, received):
    zhang, li = PEOPLE[40:42]
    first = send(household("E1", ("张三", zhang, "户主"), ("李四", li, "配偶"), town=1), town=1)
    anew = send(household("E1", ("张三", mistyped(zhang), "户主"), ("李四", mistyped(li), "配偶"), town=1), town=1)
    candidates = road.rows(
        "SELECT c.row_no, p.id_number FROM identity.candidate c JOIN identity.person p USING (person_id)"
        " WHERE c.submission_id = :id ORDER BY 1", id=anew.submission_id)  # fmt: skip
    assert candidates == [(401, zhang), (402, li)]
    with road.office.database.begin(Role.COMPARE) as connection:
        standing = {s.submission_id for s in ledger.in_force(connection, "demo", "civil.dibao", [PERIOD], road.now)}
    assert (anew.scope, first.submission_id in standing) == ("990821102", False)
    assert {anew.submission_id, received.submission_id} <= standing


def test_more_members_than_room_go_on_in_the_next_row(road, send, household, settled):
    members = [(f"成员{n}", PEOPLE[45 + n], "其他") for n in range(9)]
    made = send(household("F1", *members[:8], count=9, town=2), household("F1", members[8], count=9, town=2), town=2)
    assert (made.outcome, road.issues(made)) == ("accepted", [])
    amounts = [amount for row in (4, 5) for *_, amount in settled(made, row)]
    assert amounts == [Decimal(300)] + [None] * 8


def test_a_town_without_aid_reports_nil(road, places):
    said = [["期别", PERIOD], ["数据集", "农村低保"], ["情况说明", "本镇本期没有低保户"], ["报告人", "镇民政专干"]]
    made = road.mail(places(3)[0], f"农村低保零报告_{PERIOD}.xlsx", sheet(*said, title="零报告"))
    assert (made.dataset, made.outcome, made.scope) == ("civil.dibao", "nil", places(3)[0])
    kept = road.rows("SELECT kind, complete FROM core.submission WHERE submission_id = :id", id=made.submission_id)
    assert kept == [("nil", True)]


def test_a_file_whose_name_says_nothing_is_refused_and_its_sender_told(road, places, household):
    made = road.mail(places(4)[0], f"名单_{PERIOD}.xlsx", sheet(HEADER, household("G1", ("张三", PEOPLE[0], "户主"))))
    assert (made.outcome, made.reason) == ("refused", "not_in_agreement")
    assert road.rows("SELECT recipe FROM out.delivery WHERE recipient = :town", town=f"town:{places(4)[0]}") == [
        ("refusal",)
    ]


def test_a_sheet_without_numbered_headers_is_refused(road, places):
    plain = ["乡镇", "村", "低保证号", "救助类型", "起保日期", "姓名", "证件号码"]
    made = road.mail(places(5)[0], NAME, sheet(plain, ["", "", "D1", "全额", "2026-03-01", "张三", PEOPLE[0]]))
    assert (made.outcome, made.reason, made.facts) == (
        "refused",
        "columns_missing",
        {"columns": ["姓名1", "证件号码1"]},
    )


# --- amendments, which come as machine packages ------------------------------------------------------------------
@pytest.fixture
def amend(road: Roads, places, policy) -> Iterator[Send]:
    """Mails an amendment from a town, whose agreement lets it sign for once."""
    town = policy.agreements["town"]
    provides = tuple(p.model_copy(update={"sealing": ("machine", *p.sealing)}) for p in town.provides)
    agreements = {**policy.agreements, "town": town.model_copy(update={"provides": provides})}
    vars(road.office)["policy"] = replace(policy, agreements=agreements)

    def sent(*rows: Row, town: int = 0) -> Received:
        region = places(town)[0]
        contact = next(c for c in agreements["town"].contacts if c.region == region)
        certificate, key = certify(road.office, contact.id, road.now - timedelta(days=1), 30)
        facts = {
            "sender": "town", "recipient": policy.hub, "dataset": "civil.dibao", "period": PERIOD, "kind": "amend",
            "data_date": road.now.date(), "seq": 1, "made_at": road.now,
        }  # fmt: skip
        recipients = [authority.hub_keys(road.office.keys).recipient]
        data = machine.seal(sheet(HEADER, *rows), facts, recipients=recipients, certificate=certificate, key=key)
        return road.mail(region, f"农村低保_{PERIOD}.sealed", data, sealed=True)

    yield sent
    vars(road.office)["policy"] = policy


def test_an_amended_household_comes_anew_as_a_whole(road, send, household, settled, amend):
    head, wife, son, other = PEOPLE[54:58]
    send(household("H1", ("张三", head, "户主"), ("李四", wife, "配偶"), town=6),
         household("H2", ("王五", other, "户主"), amount=500, town=6), town=6)  # fmt: skip
    made = amend(household("H1", ("李四", wife, "户主"), ("张小", son, "之子"), amount=280, town=6), town=6)
    assert (made.outcome, made.facts["accepted"]) == ("accepted", 3)
    money = road.rows("""
        SELECT h.number, count(*), sum(d.amount), count(*) FILTER (WHERE p.id_number = :gone)
        FROM data.civil__dibao d JOIN identity.person p USING (person_id) JOIN identity.household h USING (household_id)
        WHERE d.submission_id = :id GROUP BY 1 ORDER BY 1
    """, id=made.submission_id, gone=head)  # fmt: skip
    assert money == [("H1", 2, Decimal(280), 0), ("H2", 1, Decimal(500), 0)]
