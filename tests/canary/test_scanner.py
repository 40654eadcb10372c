"""Finding a person in text: every form in which a number slips out, and nothing that only looks like one."""

from __future__ import annotations

import base64
import time

import pytest

from demo.canaries.people import Canaries
from demo.canaries.plants import PLANTS, among
from demo.canaries.scanner import Hit, Scanner

NUMBER, SHORT, PHONE, NAME = "99082119441231158X", "990821441231158", "16488825024", "阿依·古丽"
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
CANARIES = Canaries(*map(frozenset, ({NUMBER}, {SHORT}, {PHONE}, {NAME, "蒋顺翠", "武斌"})))


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(CANARIES)


@pytest.mark.parametrize(("text", "kind", "form"), [
    (NUMBER, "number", "raw"),
    (NUMBER.lower(), "number", "raw"),
    (f"id={NUMBER}41,", "number", "raw"),  # as a certificate's number
    (f"2026-11-21 {NUMBER}", "number", "raw"),
    ("990821 19441231 158X", "number", "raw"),
    (NUMBER.translate(WIDE), "number", "full_width"),
    (f"编号{NUMBER.translate(WIDE)}。", "number", "full_width"),
    ("".join(f"\\u{ord(c):04x}" for c in NUMBER.translate(WIDE)), "number", "escaped"),
    (NUMBER.encode().hex(), "number", "hex"),
    (SHORT, "short", "raw"),
    (SHORT.translate(WIDE), "short", "full_width"),
    (f"2026-11-21 {PHONE},", "phone", "raw"),
    (f"+86{PHONE}", "phone", "raw"),
    ("164-8882-5024", "phone", "raw"),
    ("拒绝：阿依•古丽", "name", "raw"),
    ("请蒋顺翠到场", "name", "raw"),
    ("name='武斌'", "name", "raw"),
    ("%E8%92%8B%E9%A1%BA%E7%BF%A0", "name", "escaped"),
])  # fmt: skip
def test_found_in_this_form(scanner, text, kind, form):
    assert {(hit.kind, hit.form) for hit in scanner.scan(text)} == {(kind, form)}


@pytest.mark.parametrize("said", [NUMBER, SHORT, PHONE])
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_base64_is_read_at_every_alignment(scanner, said, before, after):
    encoded = base64.b64encode(b"\xff" * before + said.encode() + b"\xfe" * after).decode()
    assert {(hit.canary, hit.form) for hit in scanner.scan(f'"{encoded}"')} == {(said, "base64")}
    assert {hit.canary for hit in scanner.scan(f'"{encoded.translate(str.maketrans("+/", "-_"))}"')} == {said}


@pytest.mark.parametrize("before", range(30, 60))
def test_base64_is_read_over_the_ends_of_its_lines(scanner, before):
    wrapped = base64.encodebytes(b"a" * before + NUMBER.encode() + b"b" * 60).decode()
    assert {hit.canary for hit in scanner.scan(wrapped)} == {NUMBER}


@pytest.mark.parametrize("text", [
    NUMBER[:-1],  # a digit short
    NUMBER.replace("158X", "159X"),
    f"{PHONE}7", f"3{PHONE}",  # part of a longer number
    "武斌说", "顺翠",  # two characters among others; half a name
    "2026-11-21 09:00:00.123456",
    "a" * 40, base64.b64encode(bytes(range(256))).decode(),
])  # fmt: skip
def test_not_found_in(scanner, text):
    assert scanner.scan(text) == set()


def test_a_hit_shows_nobody(scanner):
    assert NUMBER not in repr(scanner.scan(NUMBER))
    assert NUMBER not in repr(CANARIES)


def test_every_plant_is_found_by_itself():
    scanner = Scanner(among(CANARIES))
    assert [scanner.scan(f"[error] {plant.text} failed") for plant in PLANTS] == [{plant.hit} for plant in PLANTS]
    assert {plant.hit.form for plant in PLANTS} == {"raw", "full_width", "base64", "hex", "escaped"}
    assert {plant.hit.kind for plant in PLANTS} == {"number", "short", "phone", "name"}


def test_many_canaries_cost_no_more_than_one():
    """The bound is generous: what is excluded is a search for each canary by itself."""
    many = Canaries(frozenset(f"990821{at:012d}" for at in range(40_000)), frozenset(), frozenset(), frozenset())
    text = f"2026-11-21T09:00:00Z 4f2a9c1e77d05b3a 9121333457788123456 990821{50_000:012d} sent\n" * 12_000
    begun = time.process_time()
    assert Scanner(many).scan(text) == set()
    assert time.process_time() - begun < 10
    assert Scanner(many).scan(text + f"990821{39_999:012d}") == {Hit("number", "raw", f"990821{39_999:012d}")}
