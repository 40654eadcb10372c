"""ID numbers: what is repaired without loss, what is never repaired, and what two numbers have in common."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from bidui.domain.id_number import check_character, near, read, read_many

SOUND = "99082119900307049X"  # a man, born 1990-03-07
WOMAN = "99082119851012002" + check_character("99082119851012002")
FIFTEEN = "990821900307049"


@pytest.mark.parametrize(
    ("written", "form", "repairs"),
    [
        (SOUND, "18", ()),
        (SOUND.lower(), "18", ("id_lowercase_x",)),
        ("99082119900307049Ｘ", "18", ("id_fullwidth",)),
        ("９９０８２１１９９００３０７０４９Ｘ", "18", ("id_fullwidth",)),
        ("990821 19900307 049X", "18", ("id_spaces",)),
        ("990821\u200b19900307049X", "18", ("id_spaces",)),
        (f"  {SOUND}\t", "18", ()),
        (f"'{SOUND}", "18", ("id_apostrophe",)),
        (f'="{SOUND}"', "18", ("id_apostrophe",)),
        (FIFTEEN, "15", ("id_15_to_18",)),
        (f"{FIFTEEN}.0", "15", ("id_decimal", "id_15_to_18")),
        (f"{SOUND}43", "20", ("id_disability_prefix",)),
        (f"{SOUND}43B1", "22", ("id_disability_prefix",)),
        (f"{SOUND.lower()}43", "20", ("id_lowercase_x", "id_disability_prefix")),
    ],
)
def test_every_lossless_repair_leads_to_the_one_number(written, form, repairs):
    reading = read(written)
    assert (reading.number, reading.form, reading.repairs, reading.problem) == (SOUND, form, repairs, None)
    assert (reading.birth, reading.sex) == (date(1990, 3, 7), "male")


@pytest.mark.parametrize(
    ("written", "suffix"), [(SOUND, None), (FIFTEEN, None), (f"{SOUND}43", "43"), (f"{SOUND}43B1", "43B1")]
)
def test_a_disability_certificate_says_more_than_the_id_number(written, suffix):
    assert read(written).suffix == suffix


def test_an_even_seventeenth_digit_is_a_woman():
    assert read(WOMAN).sex == "female"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "id_missing"),
        ("无", "id_missing"),
        ("NULL", "id_missing"),
        ("9.90821E+17", "id_rounded"),
        ("9.9082119900307e+17", "id_rounded"),
        ("990821199003071000", "id_rounded"),  # 15 significant digits and 000
        ("990821199003070014.0", "id_rounded"),  # it has been a floating number
        ("990821199003070011", "id_check_digit"),
        ("990821199002300013", "id_impossible_date"),
        ("990821209913010013", "id_impossible_date"),
        ("99082119900307001", "id_form"),  # 17
        ("9908211990030700123", "id_form"),  # 19
        (f"{SOUND}83", "id_form"),  # no category 8
        ("张三", "id_form"),
        ("999999199003070018", "id_placeholder"),
        ("111111111111111111", "id_placeholder"),
        ("0", "id_placeholder"),
    ],
)
def test_what_is_unresolved_says_why_and_has_no_number(written, problem):
    reading = read(written)
    assert (reading.number, reading.problem) == (None, problem)


def test_a_number_that_really_ends_in_000_is_read():
    first = "99082119900301100"
    assert check_character(first) == "0"
    assert read(f"{first}0").number == f"{first}0"


def test_a_wrong_check_digit_still_tells_birth_sex_and_digits():
    reading = read("990821199003070011")
    assert (reading.birth, reading.sex, reading.digits) == (date(1990, 3, 7), "male", "990821199003070011")


def test_the_repr_shows_no_digit():
    assert "0307" not in repr(read(SOUND))


def test_a_column_reads_as_its_cells_do():
    written = [SOUND, SOUND.lower(), FIFTEEN, f"{SOUND}43", "990821199003070011", "990821199002300013",
               "990821209913010013", "999999199003070018", "111111111111111111", "", "无", "x",
               WOMAN]  # fmt: skip
    table = read_many(pd.Series(written, index=range(3, 3 + len(written))))
    assert list(table.index) == list(range(3, 3 + len(written)))
    for text, row in zip(written, table.itertuples(index=False), strict=True):
        one = read(text)
        assert (row.number, row.form, row.sex, row.repairs, row.problem, row.digits, row.suffix) == (
            one.number, one.form, one.sex, one.repairs, one.problem, one.digits, one.suffix,
        )  # fmt: skip
        assert (None if pd.isna(row.birth) else row.birth.date()) == one.birth


def test_an_empty_column_reads_as_no_rows():
    assert read_many(pd.Series([], dtype="str")).empty


def test_numbers_that_pass_by_chance_in_a_rounded_column_are_rounded_too():
    lucky = "990821199003011000"
    rounded = [n for day in range(10, 22) if read(n := f"990821199003{day}1000").problem == "id_rounded"]
    assert read_many(pd.Series([lucky, SOUND]))["number"].tolist() == [lucky, SOUND]
    assert read_many(pd.Series([lucky, *rounded]))["problem"].tolist() == ["id_rounded"] * (1 + len(rounded))


def test_half_a_million_numbers_take_seconds():
    import time

    first = np.char.add("9908211990", np.char.zfill((np.arange(500_000) % 1200 + 100).astype(str), 4))
    numbers = pd.Series(np.char.add(first, np.char.zfill((np.arange(500_000) % 9999).astype(str), 4)))
    begun = time.process_time()
    assert len(read_many(numbers)) == 500_000
    assert time.process_time() - begun < 6


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (SOUND, SOUND, None),
        (SOUND, "99082119900307048X", "one_digit"),
        (SOUND, "99082119900370049X", "swapped"),
        (SOUND, "99082119300907049X", None),  # turned round, but no neighbours
        (SOUND, "99082119910307048X", None),  # two digits differ
        (SOUND, FIFTEEN, None),
        ("", "", None),
    ],
)
def test_near(a, b, reason):
    assert near(a, b) == reason
    assert near(b, a) == reason
