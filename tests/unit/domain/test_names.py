"""Names: another way of writing, a declared variant, or another name."""

from __future__ import annotations

import pytest

from bidui.domain.names import Variants, canonical

VARIANTS = Variants.of([("異", "异", "traditional_character"), ("昇", "升", "variant"), ("陞", "升", "variant")])


@pytest.mark.parametrize("dot", ["·", "•", "・", "･", "‧", "∙", ".", "．"])
def test_the_family_of_middle_dots_is_one(dot):
    assert canonical(f"阿依古丽{dot}买买提") == "阿依古丽·买买提"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("张三", "张三"),
        (" 张 三　", "张三"),
        ("张\u200b三", "张三"),
        ("Ｊｏｈｎ", "John"),
        ("𠅤䶮", "𠅤䶮"),  # rare characters, one beyond the basic plane
        ("阿·买", "阿·买"),
    ],
)
def test_canonical(written, name):
    assert canonical(written) == name


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ("张三", "张三", ""),
        ("张三", "张 三", "name_form"),
        ("阿依·买", "阿依•买", "name_form"),
        ("阿依·买", "阿依买", None),  # the dot is part of the name
        ("王昇", "王升", "variant"),
        ("王昇", "王陞", "variant"),  # through 升
        ("王異昇", "王异升", "traditional_character|variant"),
        ("王昇", "王 升", "variant"),
        ("王昇", "王生", None),
        ("王昇", "王昇昇", None),
    ],
)
def test_reason(a, b, reason):
    assert VARIANTS.reason(a, b) == reason
    assert VARIANTS.reason(b, a) == reason


def test_all_variants_have_one_canonical_name():
    assert len({VARIANTS.canonical(name) for name in ("王昇", "王升", "王 陞")}) == 1


def test_a_pair_is_two_different_single_characters():
    with pytest.raises(ValueError, match="single characters"):
        Variants.of([("昇昇", "升", "variant")])
