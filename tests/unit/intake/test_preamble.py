"""What the lines above the header confirm, and when they confirm nothing."""

from __future__ import annotations

from datetime import date

import pytest

from bidui.domain.period import Period
from bidui.intake.preamble import confirm
from bidui.policy.contract import Layout

from .conftest import HEADER, ROW, contract, raw_of

OCTOBER = Period.parse("2026-10")


@pytest.mark.parametrize(
    ("lines", "period", "day", "codes"),
    [
        ([["2026年10月名册"], ["数据截止日：2026-10-20"]], OCTOBER, date(2026, 10, 20), []),
        ([["2026年10月名册"], ["数据截止日:", "2026.10.20"]], OCTOBER, date(2026, 10, 20), []),
        ([["２０２６年１０月名册"]], OCTOBER, None, []),
        ([["2026年10月名册"], ["（2026年10月）"]], OCTOBER, None, []),
        ([["名册"]], None, None, []),
        ([], None, None, []),
        ([["2026年10月名册，含2026年9月补报"]], None, None, ["period_unclear"]),
        ([["2026年13月"]], None, None, ["period_unclear"]),
        ([["数据截止日：2026-02-30"]], None, None, ["data_date_unclear"]),
    ],
)
def test_confirm(lines, period, day, codes):
    confirmed = confirm(raw_of([*lines, HEADER, ROW]), contract())
    assert (confirmed.period, confirmed.data_date) == (period, day)
    assert [issue.code for issue in confirmed.issues] == codes


@pytest.mark.parametrize(
    ("pattern", "line", "period"),
    [
        (r"(?P<year>\d{4})年第(?P<quarter>\d)季度", "2026年第4季度", "2026-Q4"),
        (r"(?P<year>\d{4})年(?P<half>\d)半年", "2026年2半年", "2026-H2"),
        (r"(?P<year>\d{4})年度", "2026年度", "2026"),
    ],
)
def test_periods_of_other_lengths(pattern, line, period):
    made = contract(layout=Layout(period=pattern))
    assert confirm(raw_of([[line], HEADER, ROW], made), made).period == Period.parse(period)


def test_no_pattern_confirms_nothing():
    made = contract(layout=Layout())
    confirmed = confirm(raw_of([["2026年10月"], HEADER, ROW], made), made)
    assert (confirmed.period, confirmed.data_date) == (None, None)
