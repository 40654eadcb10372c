"""Chinese written forms."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bidui.delivery import wording
from bidui.domain.period import Period, PeriodError


@pytest.mark.parametrize(
    ("filter_name", "value", "text"),
    [
        ("cn_date", date(2026, 10, 5), "2026年10月5日"),
        ("cn_date", "2026-10-25", "2026年10月25日"),
        ("cn_time", datetime.fromisoformat("2026-10-25T09:05:00+08:00"), "2026年10月25日9时05分"),
        ("cn_period", "2026-10", "2026年10月"),
        ("cn_period", "2026-Q4", "2026年第四季度"),
        ("cn_period", "2026-H2", "2026年下半年"),
        ("cn_period", "2026", "2026年"),
        ("cn_period", Period.parse("2026-H1"), "2026年上半年"),
        ("number", 12345, "12,345"),
        ("percent", 0.1234, "12.3%"),
        ("change", 1203, "+1,203"),
        ("change", -7, "-7"),
        ("change", 0, "0"),
    ],
)
def test_each_filter_has_its_written_form(filter_name, value, text):
    assert wording.FILTERS[filter_name](value) == text


@pytest.mark.parametrize("name", sorted(set(wording.FILTERS) - {"compared", "points"}))
def test_what_nobody_knows_is_a_dash_not_a_zero(name):
    assert wording.FILTERS[name](None) == "—"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "零"),
        (7, "七"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (2003, "二千零三"),
    ],
)
def test_chinese_numerals(value, text):
    assert wording.cn_number(value) == text


def test_chinese_numerals_end_at_four_digits():
    with pytest.raises(ValueError, match="9999"):
        wording.cn_number(10000)


def test_a_text_that_names_no_period_is_no_period():
    with pytest.raises(PeriodError):
        wording.cn_period("2026-13")


@pytest.mark.parametrize(
    ("value", "text"),
    [(72, "比上月增加72格"), (-1072, "比上月减少1,072格"), (0, "与上月持平"), (None, "上月无可比数据")],
)
def test_a_difference_in_words(value, text):
    assert wording.compared(value, "上月", "格") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0042, "比上月提高0.42个百分点"),
        (-0.1, "比上月下降10个百分点"),
        (0.000001, "与上月持平"),
        (None, "上月无可比数据"),
    ],
)
def test_a_difference_of_shares_in_words(value, text):
    assert wording.points(value, "上月") == text


def test_a_chinese_character_is_as_wide_as_two():
    assert wording.display_width("ab比对") == 6
