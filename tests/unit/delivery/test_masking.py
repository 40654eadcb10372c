"""What a mask shows of a name, an ID number and a telephone number."""

from __future__ import annotations

import pytest

from bidui.delivery.masking import mask_id, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"), [("甘树", "甘*"), ("甘小树", "甘**"), ("甘", "*"), ("", ""), (" 甘树 ", "甘*")]
)
def test_a_name_keeps_its_first_character(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("99082119900101451X", "990821********451X"),
        ("99082119900101451x", "990821********451x"),
        ("990821900101451", "990821******451"),
        ("99082119900101", "**************"),
        ("无", "*"),
    ],
)
def test_an_id_number_loses_its_birth_date_and_an_unknown_form_is_hidden(number, shown):
    assert mask_id(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [("13800001234", "138****1234"), ("0990-1234567", "************"), ("", "")]
)
def test_a_mobile_number_loses_its_middle(number, shown):
    assert mask_phone(number) == shown
