"""All months of a county, played, with what could be seen after each round."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import openpyxl

from bidui.pipeline import approve, conclude, deliver
from bidui.pipeline.unseal import password
from bidui.sealing import workbook
from demo.parties import truth
from tests.e2e.county import PERIODS, QUARTER, County, digests


@dataclass
class Seen:
    """What could be seen right after each round, before anybody approved its report."""

    tables: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """Every table before and after the same inputs were closed and delivered once more."""
    waiting: list[int] = field(default_factory=list)
    left_unapproved: list[tuple[Any, ...]] = field(default_factory=list)
    reports_sent: list[int] = field(default_factory=list)


@dataclass
class Months:
    """All months, played."""

    county: County
    seen: Seen

    @property
    def towns(self) -> list[str]:
        return [r.code for r in self.county.hub.policy.regions if r.level == "town"]

    def truth(self, kind: str) -> list[dict[str, Any]]:
        return truth(self.county.synth / "truth.jsonl", kind)

    def recipe(self, mail: EmailMessage) -> tuple[str, str]:
        """(recipe, period) of a mail."""
        (row,) = self.county.query(
            "SELECT recipe, period FROM out.delivery WHERE delivery_no = %s", mail["X-Bidui-Delivery"]
        )
        return row[0], row[1]

    def book(self, mail: EmailMessage, party: str, region: str, period: str) -> openpyxl.Workbook:
        """The one workbook that came with a mail, opened with the password that its receiver was told."""
        (part,) = [p for p in mail.iter_attachments() if str(p.get_filename()).endswith(".xlsx")]
        return openpyxl.load_workbook(
            io.BytesIO(workbook.open_(part.get_content(), [password(self.county.hub, party, region, period)]))
        )


def play(county: County, *, look: bool = True) -> Months:
    """Play all months and the quarter; with ``look``, see what could be seen after each round."""
    seen = Seen()
    if look:
        county.room.closed = lambda: look_around(county, seen)
    stage = county.play
    for period, month in zip(PERIODS, (stage.first_month, stage.second_month, stage.third_month), strict=True):
        month(period)
    stage.quarter(QUARTER)
    return Months(county, seen)


def look_around(county: County, seen: Seen) -> None:
    """Note what waits, and close and deliver the same inputs again."""
    now, period = county.room.now, county.room.rounds[-1].period
    seen.waiting.append(len(approve.waiting(county.hub)))
    seen.left_unapproved += county.query(
        "SELECT d.delivery_no FROM out.delivery d"
        " JOIN out.message USING (delivery_id) JOIN out.sending USING (message_id) WHERE cardinality(d.approvals) >"
        " (SELECT count(*) FROM out.approval a WHERE a.delivery_id = d.delivery_id AND a.decision = 'approved')"
    )
    ((sent,),) = county.query(
        "SELECT count(*) FROM out.sending JOIN out.message USING (message_id) JOIN out.delivery d USING (delivery_id)"
        " WHERE d.recipe = 'monthly_report'"
    )
    seen.reports_sent.append(sent)
    before, later = digests(county.dsn), now + timedelta(hours=1)
    again = conclude.close(county.hub, period, later)
    assert not again.new
    for errand in deliver.errands_of_close(county.hub, period, later):
        deliver.run(county.hub, errand, later)
    seen.tables.append((before, digests(county.dsn)))
