"""Nobody who could exist stands in the repository: ID numbers in it belong to no place, telephone numbers to nobody."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from datetime import date
from pathlib import Path

NOWHERE = "99"
"""Region codes that begin so are given to no province."""
_NUMBER = re.compile(r"(?<!\d)(\d{6})(\d{4})(\d{2})(\d{2})\d{3}[\dXx]")
_MOBILE = re.compile(r"(?<![\w.])1[3-9]\d{9}(?![\w.])")
_UNASSIGNED = re.compile(r"16[0134]|1(\d)\1{9}|1[3-9]\d0{4}")
"""Beginnings of synthetic telephone numbers, and numbers that are plainly made up."""
_WEIGHTS, _DIGITS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"


def texts(repository: Path) -> list[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    paths = [repository / name for name in listed.stdout.decode().split("\0") if name]
    found = []
    for path in (p for p in paths if p.is_file()):
        data = path.read_bytes()
        if b"\0" not in data:
            found.append(
                (str(path.relative_to(repository)), unicodedata.normalize("NFKC", data.decode("utf-8", "replace")))
            )
    return found


def is_number(text: str) -> bool:
    """Whether it has the date and the check digit of an ID number (GB 11643)."""
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return 1900 < born.year < 2030 and _DIGITS[total % 11] == text[17].upper()


def test_id_numbers_belong_to_no_place(repository):
    found = {
        (name, said[0][:6]) for name, text in texts(repository) for said in _NUMBER.finditer(text)
        if is_number(said[0]) and not said[0].startswith(NOWHERE)
    }  # fmt: skip
    assert found == set()


def test_telephone_numbers_belong_to_nobody(repository):
    found = {
        (name, said[0][:4]) for name, text in texts(repository) if not name.startswith("requirements")
        for said in _MOBILE.finditer(text) if not _UNASSIGNED.match(said[0])
    }  # fmt: skip
    assert found == set()
