"""A file with people where nobody is expected: in every column, above and below the table, in headers and names.

Two things are as they are: a column of plain text keeps in ``data`` what a file says there, and a header or a sheet
that is called by somebody's name is told under it, since nothing but a list of all people could tell it from a word.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import openpyxl
import pytest

from bidui.pipeline import deliver
from bidui.pipeline.arrive import Arrival
from bidui.pipeline.receive import receive
from demo.canaries.places import Tables
from tests.canary.conftest import HANDED_IN, PERIOD, ROLES, Stage, look_twice
from tests.canary.forcing import listening

pytestmark = pytest.mark.slow

Row = list[str]
Spoil = Callable[[list[Row], int, str], list[Row]]
"""Rows of the sheet, the header's number, and a person; the rows with the person in them."""


def in_every_column(rows: list[Row], header: int, who: str) -> list[Row]:
    for column in range(len(rows[header])):
        rows[header + 1 + column % (len(rows) - header - 1)][column] = who
    return rows


def in_every_cell(rows: list[Row], header: int, who: str) -> list[Row]:
    return [*rows[: header + 1], *([who] * len(rows[header]) for _ in rows[header + 1 :])]


def above_and_below(rows: list[Row], _header: int, who: str) -> list[Row]:
    return [[f"填表人：{who}"], *rows, [f"合计 {who}"], [], [f"注：{who} 已核对"]]


def in_a_header(rows: list[Row], header: int, who: str) -> list[Row]:
    rows[header] = [*rows[header][:-1], f"{rows[header][-1]}（{who}）", who]
    return rows


def instead_of_headers(rows: list[Row], header: int, who: str) -> list[Row]:
    rows[header] = [f"{who}{at}" for at, _ in enumerate(rows[header])]
    return rows


def nowhere(rows: list[Row], _header: int, _who: str) -> list[Row]:
    return rows


def rewritten(file: Path, spoil: Spoil, who: str, title: str | None) -> bytes:
    """The file with a person somewhere."""
    if file.suffix == ".csv":
        rows = list(csv.reader(io.StringIO(file.read_text(encoding="gb18030"))))
        written = io.StringIO()
        csv.writer(written).writerows(spoil(rows, header_of(rows), who))
        return written.getvalue().encode("gb18030")
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    book.remove(sheet)
    new = book.create_sheet(title or sheet.title)
    for row in spoil(rows, header_of(rows), who):
        new.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def header_of(rows: list[Row]) -> int:
    return next(at for at, row in enumerate(rows) if any("姓名" in cell for cell in row))


CASES = [
    *((role, in_every_column, False) for role in ROLES),
    *(("export", spoil, False) for spoil in (in_every_cell, above_and_below, in_a_header, instead_of_headers)),
    ("roster", in_a_header, False), ("export", nowhere, True), ("benefit", nowhere, True),
]  # fmt: skip


@pytest.mark.parametrize(("role", "spoil", "named"), CASES, ids=lambda given: getattr(given, "__name__", str(given)))
def test_it_is_received_or_refused_and_tells_of_nobody(
    stage: Stage, tmp_path: Path, capfd: pytest.CaptureFixture[str], role: str, spoil: Spoil,
    *, named: bool,
) -> None:  # fmt: skip
    """``named``: the file and its sheet are called as somebody is."""
    county, hub = stage.county, stage.county.hub
    stage.states.go_back(HANDED_IN)
    who = min(stage.canaries.numbers)
    if spoil is not in_a_header and not named:
        who = f"{max(stage.canaries.names, key=len)} {who}"
    dataset = county.play.dataset(role)
    line = next(county.play.files(PERIOD, dataset, "full"))
    file = tmp_path / (f"{who}_{line['path'].rpartition('/')[2]}" if named else line["path"].rpartition("/")[2])
    file.write_bytes(rewritten(county.synth / line["path"], spoil, who, f"表{who}" if named else None))
    empty(hub.home)
    if hub.policy.contracts[dataset].by:
        county.parties.post(line["scope"], PERIOD, file.name, file.read_bytes())
    else:
        county.parties.hand_in(file, *dataset.split("."), PERIOD, stage.now)

    outcomes = []

    def begin(arrival: Arrival) -> bool:
        outcomes.append(receive(hub, arrival.arrival_id).outcome)
        return bool(deliver.reply(hub, arrival.arrival_id, stage.now))

    with listening() as heard:
        look_twice(county, begin)
    assert outcomes
    assert set(outcomes) <= {"accepted", "partly_accepted", "refused"}
    told = {
        "database": list(Tables("hub", county.dsn, without=frozenset({"identity", "data"})).texts()),
        "mails": [(str(mail["Subject"]), shown(mail)) for mail in county.mails()],
        "logs": [("", heard.getvalue()), ("", "".join(capfd.readouterr()))],
    }
    found = {(n, w, h.kind, h.form) for n, texts in told.items() for w, text in texts for h in stage.scanner.scan(text)}
    assert found == set()


def empty(home: Path) -> None:
    """Take everything off the roads."""
    for file in [*(home / "inbox").glob("*/*/*"), *(home / "post").glob("*/new/*"), *(home / "post").glob("*/cur/*")]:
        file.unlink()


def shown(mail: EmailMessage) -> str:
    """What is open to see in a mail: its headers, its texts, the names of what is attached."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text" or part.get_filename()]
    told = [str(part.get_filename() or part.get_content()) for part in parts]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *told])
