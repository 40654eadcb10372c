"""The disabled persons' federation's list: a plain workbook whose numbers have twenty characters."""

from __future__ import annotations

import pytest

from bidui.pipeline.receive import Received

from .conftest import PERIOD, Roads, Row, mistyped, person, sheet

HEADER = ["序号", "姓名", "残疾人证号", "残疾类别", "残疾等级", "证件状态", "发证日期", "注销日期", "乡镇", "村"]
PEOPLE = [person(serial=f"{n:03d}") for n in range(1, 12)]


@pytest.fixture(scope="module")
def entry(places):
    """Makes a row of the first village."""
    _, town, village = places(0)

    def made(
        number: str, category: str = "肢体", level: str = "二级", status: str = "有效", issued: str = "2026-10-15",
        cancelled: str = "",
    ) -> Row:  # fmt: skip
        return ["", "张三", number, category, level, status, issued, cancelled, town, village]

    return made


@pytest.fixture(scope="module")
def received(road: Roads, entry) -> Received:
    """Rows 4 to 14, in the exchange folder."""
    p = PEOPLE
    rows = [
        entry(f"{p[0]}42"), entry(f"{p[1]}42", "肢体残疾", "贰级", "在用"), entry(p[2]), entry(f"{p[3]}44"),
        entry(f"{p[4]}32", level="2级"), entry(f"{p[5]}42B1"), entry(f"{mistyped(p[6])}42"),
        entry(f"{p[7]}42", status="注销"), entry(f"{p[8]}42", status="注销", cancelled="2026-10-14"),
        entry(f"{p[9]}42", "", "", cancelled="2026-11-02"), entry(f"{p[10]}42", issued="2026-12-01"),
    ]  # fmt: skip
    data = sheet(["2026年11月持证残疾人名单"], ["制表单位：县残疾人联合会"], HEADER, *rows)
    return road.folder("disabled", "certificate", f"持证残疾人_{PERIOD}.xlsx", data)


@pytest.fixture(scope="module")
def told(road: Roads, received: Received):
    """(header, code) of what is told about one row."""
    issues = road.issues(received)
    return lambda row: [(title, code) for at, title, code in issues if at == row]


def test_it_comes_in_plain_which_is_counted(road, received):
    assert (received.dataset, received.outcome, received.facts["sealing"]) == (
        "disabled.certificate", "accepted", "plain",
    )  # fmt: skip
    plain = road.rows("SELECT count(*) FROM core.intake WHERE facts->>'sealing' = 'plain'")
    assert plain == [(1,)]


def test_twenty_characters_are_the_proper_form(road, received, told):
    assert (told(4), told(5)) == ([], [])
    repairs = road.rows("SELECT count(*) FROM core.row_issue WHERE arrival_id = :id AND code = 'id_disability_prefix'",
                        id=received.arrival_id)  # fmt: skip
    assert repairs == [(0,)]
    persons = road.rows(
        "SELECT d.row_no, p.id_number, d.id_form, d.category, d.level, d.status FROM data.disabled__certificate d"
        " JOIN identity.person p USING (person_id) WHERE d.row_no IN (4, 5, 9) ORDER BY 1"
    )
    assert persons == [
        (4, PEOPLE[0], "20", "physical", "2", "valid"), (5, PEOPLE[1], "20", "physical", "2", "valid"),
        (9, PEOPLE[5], "22", "physical", "2", "valid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "issues"),
    [
        (6, [("残疾人证号", "certificate_digits_missing")]),
        (7, [("残疾等级", "certificate_level_differs")]),
        (8, [("残疾类别", "certificate_category_differs")]),
        (9, []),
        (10, [("残疾人证号", "id_check_digit")]),
        (11, [("注销日期", "cancelled_on_missing")]),
        (12, [("注销日期", "cancelled_before_issued")]),
        (13, [("残疾类别", "certificate_detail_missing"), ("残疾等级", "certificate_detail_missing"),
              ("注销日期", "cancelled_on_while_valid")]),
        (14, [("发证日期", "date_in_future")]),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_noted(told, row, issues):
    assert sorted(told(row)) == sorted(issues)


def test_an_unreadable_number_is_known_by_its_eighteen_characters(road, received):
    written = road.rows("SELECT t.text FROM identity.unsettled_row u JOIN identity.term t ON t.term_id = u.id_term")
    assert written == [(mistyped(PEOPLE[6]),)]


def test_a_file_of_an_office_that_seals_is_not_taken_in_plain(road):
    data = sheet(["姓名"], ["张三"])
    refused = road.folder("insurance_med", "high_selfpay", f"高额自付_{PERIOD}.xlsx", data)
    assert (refused.outcome, refused.reason) == ("refused", "sealing_not_allowed")
