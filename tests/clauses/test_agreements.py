"""What agreements let in: while they hold, from whom is on record, and as far as the permissions in them go."""

from __future__ import annotations

from tests.clauses.proving import proves
from tests.clauses.stage import BENEFIT, SON, TITLES, Hub, line, person, sheet
from tests.e2e.county import TOWNS

REQUESTS = ["申请编号", "镇", "村", "户编号", "涉及人员姓名", "证件号码", "事项", "依据", "申请人", "申请日期"]


@proves("QA-01", object="agreement:disabled", sees="refusal",
        swap=("valid_from: 2026-01-01", "valid_from: 2026-01-01\nvalid_to: 2026-06-30"))  # fmt: skip
def test_nothing_is_taken_once_an_agreement_has_ended(begun: Hub) -> None:
    received = begun.file("disabled.certificate", form=".xlsx")
    assert received.reason != "agreement_lapsed", "协议已到期，残联的文件被退回"
    assert received.outcome == "accepted", "残联的文件没有接收"


@proves("QA-14", object="contacts:demo", sees="refusal",
        swap=("0999-8250001,,,2026-01-01,", "0999-8250001,,,2026-01-01,2026-06-30"))  # fmt: skip
def test_nothing_is_taken_through_a_contact_who_has_left(begun: Hub) -> None:
    received = begun.file("disabled.certificate", form=".xlsx")
    assert received.reason != "sender_expired", "残联备案的联系人已离任，文件夹里的文件被退回"
    assert received.outcome == "accepted", "残联的文件没有接收"


@proves("SQ-09", object="agreement:town", sees="file", swap=("entry: own", "entry: all"))
def test_a_town_enters_data_of_its_own_region_only(begun: Hub) -> None:
    header, own = ["乡镇", "村", *BENEFIT[0]], ["D1", "全额", 1, 300, "2025-03-01", "孙戊"]
    rows = [[*places(begun, at), *own[:-1], "李甲", person(at + 20), "户主"] for at in (0, 1)]
    begun.mailed(TOWNS[0], "农村低保.xlsx", sheet([*TITLES, header, *rows]))
    row = line(begun.book("town-101", "回执", "town", TOWNS[0]), "所填乡镇、村不在本单位的辖区之内")
    assert row, "乡镇报来外镇农户的数据，没有隔离和告知"


@proves(
    "SQ-09", object="agreement:town", sees="file", swap=("modification: own}", "modification: own, membership: own}")
)
def test_a_town_asks_for_no_identification(begun: Hub) -> None:
    begun.mailed(TOWNS[0], "变更申请.xlsx", requests(begun))
    row = line(
        begun.book("town-101", "回执", "town", TOWNS[0]), "事项", "超出共享协议授予的权限", "由信息中心按程序办理"
    )
    assert row, "乡镇在变更申请中自行报送识别纳入，没有隔离和告知"


@proves("SQ-09", object="contract:town.change_request", sees="mail")
def test_a_town_hands_in_what_it_may_ask_for(begun: Hub) -> None:
    begun.mailed(TOWNS[0], "变更申请.xlsx", requests(begun))
    told = begun.letter("town-101", "回执")
    assert "入库行数：1" in told, "乡镇在授权范围内的修改申请没有登记"


def places(hub: Hub, at: int) -> list[str]:
    """The town of that ordinal, and its first village."""
    return [hub.places[f"{{{at}}}"], hub.places[f"{{{at}村}}"]]


def requests(hub: Hub) -> bytes:
    """A town's requests: one that it may make, and one that it may not."""
    rows = [
        [f"BG20261100{n}", *places(hub, 0), f"9900100000{n}", "钱丁", SON, item, "入户核实记录", "李四", "2026-11-12"]
        for n, item in enumerate(("基础信息修改", "识别纳入"), 1)
    ]
    return sheet([*TITLES, REQUESTS, *rows])
