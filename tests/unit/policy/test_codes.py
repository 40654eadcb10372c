"""Code lists: words that change with the years."""

from __future__ import annotations

from datetime import date

import pytest

from bidui.policy.codes import CodeList, load_name_variants
from bidui.policy.source import PolicyError

FILE = """code,label,aliases,valid_from,valid_to
poor,贫困户,建档立卡户|建卡户,2014-01-01,2020-12-31
poor,脱贫户,,2021-01-01,
other,一般农户,普通农户,,
"""


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "household_type.csv"
    path.write_text(FILE, encoding="utf-8")
    return CodeList.load(path)


@pytest.mark.parametrize(
    ("text", "day", "code"),
    [
        ("贫困户", date(2020, 12, 31), "poor"),
        ("贫困户", date(2021, 1, 1), None),
        ("脱贫户", date(2020, 12, 31), None),
        ("脱贫户", date(2021, 1, 1), "poor"),
        (" 建 卡户", date(2019, 1, 1), "poor"),
        ("POOR", date(2026, 1, 1), "poor"),
        ("普通农户", date(1990, 1, 1), "other"),
        ("别的", date(2026, 1, 1), None),
    ],
)
def test_code_of(listed, text, day, code):
    assert listed.code_of(text, day) == code


def test_labels_follow_the_day_and_old_codes_keep_theirs(listed):
    assert listed.label_of("poor", date(2019, 1, 1)) == "贫困户"
    assert listed.label_of("poor", date(2026, 1, 1)) == "脱贫户"
    assert listed.label_of("poor", date(1999, 1, 1)) == "脱贫户"
    with pytest.raises(KeyError):
        listed.label_of("none", date(2026, 1, 1))


def test_further_columns_say_more_of_a_code(tmp_path):
    path = tmp_path / "kind.csv"
    path.write_text("code,label,advice,shown\na,甲,核对,*\nb,乙,,\n", encoding="utf-8")
    kinds = CodeList.load(path)
    day = date(2026, 11, 1)
    said = {code: dict(kinds.entry_of(code, day).about) for code in kinds.codes}
    assert said == {"a": {"advice": "核对", "shown": "*"}, "b": {}}


def test_vocabulary_and_codes(listed):
    assert listed.vocabulary(date(2026, 1, 1)) == {"poor": "脱贫户", "other": "一般农户"}
    assert listed.codes == ("poor", "other")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,name\na,b\n", ":1: column missing: label"),
        ("code,label,aliases,valid_from,valid_to\na,甲,,2026-13-01,\n", ":2: valid_from"),
        ("code,label\na,\n", ":2: code and label"),
        ("code,label\na,甲\nb,甲\n", ":3: 甲 already means a"),
    ],
)
def test_a_wrong_list_is_named_with_its_line(tmp_path, text, says):
    path = tmp_path / "wrong.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=says):
        CodeList.load(path)


def test_wrong_variants_are_a_policy_error(tmp_path):
    path = tmp_path / "name_variant.csv"
    path.write_text("a,b,reason\n昇,昇,variant\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="name_variant"):
        load_name_variants(path)
