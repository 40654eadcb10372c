"""One hub with keys and a contact, made once; workbooks of any size; files made by other programs."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from tests.unit.sealing.offices import Office, make_office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The hub that most tests share; nobody revokes anything here."""
    return make_office(tmp_path_factory.mktemp("office") / "keys")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Another hub with an authority of its own."""
    return make_office(tmp_path_factory.mktemp("stranger") / "keys")


@pytest.fixture
def own_office(tmp_path: Path) -> Office:
    """A hub for one test, to be changed at will."""
    return make_office(tmp_path / "keys")


@pytest.fixture(scope="session")
def workbook_of() -> Callable[[int], bytes]:
    """An .xlsx with that many rows."""

    def make(rows: int) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        for row in range(rows):
            sheet.append([f"第{row}行", row, (row * 7919) % 104729, f"{row * 2654435761 % 2**32:x}"])
        out = BytesIO()
        book.save(out)
        return out.getvalue()

    return make


@pytest.fixture(scope="session")
def foreign_file() -> Callable[[str], bytes]:
    """A file that another program made (files/SOURCES.md)."""
    return lambda name: (Path(__file__).parent / "files" / name).read_bytes()
