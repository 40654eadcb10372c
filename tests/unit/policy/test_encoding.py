"""Files as spreadsheet programs and editors save them unasked: each is a fault with its line, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidui.pipeline.check import check

FILES = [
    "profiles/demo.yaml", "dictionary/regions.csv", "dictionary/danger_level.csv", "dictionary/row_issue.csv",
    "dictionary/holidays.csv", "agreements/civil.yaml", "catalogue/civil/dibao.yaml",
    "clauses/qinan.yaml", "expectations/civil.dibao.yaml", "sql/screen/uninsured.sql", "templates/receipt.md",
]  # fmt: skip


def resaved(path: Path, encoding: str) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))


@pytest.mark.parametrize("file", FILES)
def test_a_file_in_another_encoding_is_told_once(include: Path, file: str) -> None:
    resaved(include / file, "gb18030")
    (fault,) = check(include, "demo")[1]
    assert str(fault).startswith(f"{file}:{fault.line}: not in UTF-8; save it as UTF-8")


@pytest.mark.parametrize("file", ["dictionary/holidays.csv", "dictionary/regions.csv", "profiles/demo.yaml"])
def test_a_byte_order_mark_does_no_harm(include: Path, file: str) -> None:
    resaved(include / file, "utf-8-sig")
    assert check(include, "demo")[1] == []


@pytest.mark.parametrize(
    ("file", "more", "says"),
    [
        ("dictionary/danger_level.csv", "e,E级,危房,,,\n", "has more cells than there are columns"),
        ("profiles/demo.yaml", "\n[a, b]: 3\n", "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_row_and_no_key(include: Path, file: str, more: str, says: str) -> None:
    with (include / file).open("a", encoding="utf-8") as written:
        written.write(more)
    assert [fault.file for fault in check(include, "demo")[1] if says in fault.message] == [file]


@pytest.mark.parametrize("text", ["", "- a\n- b\n"])
def test_a_profile_that_is_no_mapping(include: Path, text: str) -> None:
    (include / "profiles" / "demo.yaml").write_text(text, encoding="utf-8")
    assert [str(fault) for fault in check(include, "demo")[1]] == ["profiles/demo.yaml: expected a mapping"]
