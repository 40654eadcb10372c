"""Who the canaries are: everybody in the parties' files, by numbers, telephone numbers and names as written there.

The files are read cell by cell, without contract or policy: a number is a canary wherever it stands, a name where the
column says that it is one.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from python_calamine import CalamineWorkbook

_ID_NUMBER = re.compile(r"\d{17}[\dX]")
_CERTIFICATE = re.compile(r"(\d{17}[\dX])\d{2}")
_SHORT_NUMBER = re.compile(r"\d{15}")
_PHONE = re.compile(r"1\d{10}")
_IGNORED = str.maketrans("", "", " \t\u00a0'-")
_DOTS = str.maketrans(dict.fromkeys("•・．.‧●", "·"))


@dataclass(frozen=True)
class Canaries:
    """What must be found nowhere but in schema ``identity``, the vault and sealed mails. Its repr shows none of it."""

    numbers: frozenset[str] = field(repr=False)
    """ID numbers of 18 characters, mistyped ones too."""
    short: frozenset[str] = field(repr=False)
    """The same in the old form of 15 digits."""
    phones: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(repr=False)


def gathered(synth: Path) -> Canaries:
    """The canaries of every workbook and text file below a folder."""
    numbers: set[str] = set()
    short: set[str] = set()
    phones: set[str] = set()
    names: set[str] = set()
    for rows in tables(synth):
        columns: set[int] = set()
        for row in rows:
            if headed := {at for at, cell in enumerate(row) if "姓名" in cell}:
                columns = headed
                continue
            names.update(name(row[at]) for at in columns if at < len(row))
            for cell in row:
                written = plain(cell)
                if _ID_NUMBER.fullmatch(written):
                    numbers.add(written)
                elif found := _CERTIFICATE.fullmatch(written):
                    numbers.add(found[1])
                elif _SHORT_NUMBER.fullmatch(written):
                    short.add(written)
                elif _PHONE.fullmatch(written):
                    phones.add(written)
    short |= {number[:6] + number[8:17] for number in numbers}
    return Canaries(*map(frozenset, (numbers, short, phones, names - {""})))


def plain(cell: str) -> str:
    """A cell's characters in their narrow form, upper case, without what people put between digits."""
    return unicodedata.normalize("NFKC", cell).translate(_IGNORED).upper()


def name(cell: str) -> str:
    """A name without spaces, its dot the middle one."""
    return "".join(unicodedata.normalize("NFKC", cell).split()).translate(_DOTS)


def tables(folder: Path) -> Iterator[Iterable[list[str]]]:
    """The rows of every sheet and text file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            book = CalamineWorkbook.from_path(path)
            for at in range(len(book.sheet_names)):
                rows = book.get_sheet_by_index(at).to_python()
                yield [[str(cell) for cell in row] for row in rows]
        elif path.suffix == ".csv":
            yield csv.reader(io.StringIO(_decoded(path.read_bytes())))


def _decoded(data: bytes) -> str:
    """Text in the encodings that the files come in."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")
