"""The agreement that both sides sign: what they agreed on can be read in it."""

from __future__ import annotations

import io

from docx import Document

from bidui.pipeline import agreement_page
from tests.clauses.proving import proves
from tests.clauses.stage import Hub


def printed(hub: Hub, party: str) -> list[str]:
    """Paragraphs and cells of the agreement with a party, as it is printed on the hub's day; empty when none is."""
    office = hub.county.hub
    if party not in agreement_page.printable(office.policy):
        return []
    _, made = agreement_page.document(office.policy, party, office.today(hub.county.room.now))
    document = Document(io.BytesIO(made))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


def said(hub: Hub, party: str, words: str) -> str:
    """The paragraph or cell in which the words stand; empty without one."""
    return next((text for text in printed(hub, party) if words in text), "")


@proves(
    "QA-01", object="agreement:disabled", sees="file",
    swap=("purpose: 核对脱贫人口和监测对象持证残疾情况", "purpose: 另行商定"),
)  # fmt: skip
def test_both_sides_sign_what_the_data_are_for(begun: Hub) -> None:
    told = said(begun, "disabled", "核对脱贫人口和监测对象持证残疾情况")
    assert told, "双方签署的协议没有写明残联的数据为什么而共享"
    assert said(begun, "disabled", "对所提供数据的真实性"), "双方签署的协议没有写明提供方的责任"


@proves(
    "SQ-08", object="agreement:disabled", sees="file", swap=("method: 按公民身份号码与底册逐人比对", "method: 另行商定")
)
def test_how_data_are_compared_is_agreed_in_writing(begun: Hub) -> None:
    told = said(begun, "disabled", "比对方法：按公民身份号码与底册逐人比对")
    assert told, "双方签署的协议没有写明残联的数据怎样比对"


@proves("SQ-08", object="agreement:insurance_med", sees="file", swap=("    calibre: ", "    calibre: 另行商定 # "))
def test_what_is_counted_is_agreed_in_writing(begun: Hub) -> None:
    told = said(begun, "insurance_med", "自付为实际现金支付")
    assert told, "双方签署的协议没有写明医保数据的口径"
