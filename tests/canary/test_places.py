"""The places: each is read to its end, tells where a person stands but not who, and shows whoever is planted."""

from __future__ import annotations

from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import psycopg2
import pytest

from demo.canaries.looking import look
from demo.canaries.people import Canaries, name
from demo.canaries.places import FileNames, Files, Mails, Tables
from demo.canaries.plants import PLANTS, among
from demo.canaries.scanner import Scanner
from tests.canary.conftest import RECEIVED

NUMBER = "99082119441231158X"
SCANNER = Scanner(among(Canaries(frozenset({NUMBER}), frozenset(), frozenset(), frozenset())))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A hub's folders with a log, an empty inbox and a mail, and nobody in them."""
    (tmp_path / "airflow" / "logs" / "dag_id=a").mkdir(parents=True)
    (tmp_path / "airflow" / "logs" / "dag_id=a" / "attempt=1.log").write_text('{"event": "begun"}\n' * 9)
    (tmp_path / "inbox" / "town").mkdir(parents=True)
    post(tmp_path, "1", "入户核查表 2026-10", "核查表.xlsx")
    return tmp_path


@pytest.fixture
def tables(postgres, database: str) -> Tables:
    """Tables of many kinds, with one row each: keys, checks, short texts and JSON."""
    dsn = postgres.dsn(database)
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("""
            CREATE SCHEMA identity; CREATE TABLE identity.person (n text); INSERT INTO identity.person VALUES (%s);
            CREATE TABLE run (id text PRIMARY KEY, state text CHECK (state = 'done'), conf jsonb, note varchar(9));
            INSERT INTO run VALUES ('a', 'done', '{"period": "2026-10"}', 'x');
            CREATE TABLE sending (id bigint, value text); INSERT INTO sending VALUES (1, 'sent');
            CREATE TABLE empty (value text); CREATE TABLE numbers (id bigint); INSERT INTO numbers VALUES (1);
        """, [NUMBER])  # fmt: skip
    return Tables("tables", dsn, without=frozenset({"identity"}))


def post(home: Path, key: str, subject: str, attachment: str) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["X-Bidui-Delivery"] = subject, key
    mail.set_content(f"正文可以有：{NUMBER}")
    mail.add_attachment(NUMBER.encode(), maintype="text", subtype="plain", filename=attachment)
    box = home / "post" / "town@example" / "new"
    box.mkdir(parents=True, exist_ok=True)
    (box / key).write_bytes(mail.as_bytes())


def files(home: Path) -> list[Files | FileNames | Mails]:
    return [
        Files("logs", home, ("airflow/logs/**/*",)), FileNames("names", home, ("inbox", "post")),
        Mails("subjects", home, attachments=False), Mails("attachments", home, attachments=True),
    ]  # fmt: skip


def test_nobody_stands_anywhere_and_every_plant_is_seen(home, tables):
    for place in [*files(home), tables]:
        check = look(place, SCANNER)
        assert check.ok, check
        assert check.seen["planted"] % len(PLANTS) == 0 < check.seen["planted"]


def test_of_the_tables_all_are_planted_that_take_a_text(tables):
    """``empty`` has no row, ``numbers`` no text; keys, checks and short texts are passed over for what takes any."""
    assert look(tables, SCANNER).seen["planted"] == 2 * len(PLANTS)


def test_nothing_planted_stays(home, tables):
    before = sorted(home.rglob("*")), list(tables.texts())
    for place in [*files(home), tables]:
        look(place, SCANNER)
    assert (sorted(home.rglob("*")), list(tables.texts())) == before


def stand_in_log(home: Path) -> None:
    with (home / "airflow" / "logs" / "dag_id=a" / "attempt=1.log").open("a") as log:
        log.write(f"x = {NUMBER}\n")


def stand_in_file_name(home: Path) -> None:
    (home / "inbox" / "town" / f"{NUMBER}.xlsx").touch()


def stand_in_subject(home: Path) -> None:
    post(home, "2", f"核查 {NUMBER}", "核查表.xlsx")


def stand_in_attachment(home: Path) -> None:
    post(home, "2", "核查", f"表{NUMBER}.xlsx")


@pytest.mark.parametrize(("at", "stand", "where"), [
    (0, stand_in_log, "airflow/logs/dag_id=a/attempt=1.log: number/raw × 1"),
    (1, stand_in_file_name, "inbox: number/raw × 1"),
    (2, stand_in_subject, "town@example/2: number/raw × 1"),
    (3, stand_in_attachment, "town@example/2: number/raw × 1"),
])  # fmt: skip
def test_who_stands_in_a_file_is_told_by_place_only(home, at, stand, where):
    stand(home)
    check = look(files(home)[at], SCANNER)
    assert not check.ok
    assert check.seen["where"] == [where]
    assert NUMBER not in str(check)


@pytest.mark.parametrize(("statement", "where"), [
    ("UPDATE run SET conf = jsonb_build_object('a', jsonb_build_array(%s))", "public.run: number/raw × 1"),
    ("INSERT INTO empty VALUES ('id ' || %s)", "public.empty: number/raw × 1"),
])  # fmt: skip
def test_who_stands_in_a_table_is_told_by_place_only(tables, statement, where):
    with closing(psycopg2.connect(tables.dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, [NUMBER])
    assert look(tables, SCANNER).seen["where"] == [where]


def test_a_number_over_the_end_of_a_block_is_seen(home, monkeypatch):
    monkeypatch.setattr("demo.canaries.places._BLOCK", 300)
    stand_in_log(home)
    for fill in range(0, 300, 7):
        log = home / "airflow" / "logs" / "dag_id=a" / "attempt=1.log"
        log.write_text("." * (280 + fill) + NUMBER + "." * 500)
        assert look(files(home)[0], SCANNER).seen["hits"] == 1


@pytest.mark.parametrize("place", [
    Files("logs", Path("/nonexistent"), ("*.log",)), Mails("subjects", Path("/nonexistent"), attachments=False),
])  # fmt: skip
def test_a_place_where_nothing_is_to_be_read_does_not_pass(place):
    """Were a folder renamed, its silence would mean nothing."""
    assert look(place, SCANNER).seen["characters"] == 0
    assert not look(place, SCANNER).ok


@pytest.mark.slow
def test_whoever_the_hub_knows_is_a_canary(stage):
    """Read by another program, which knows no contract: numbers, telephones and names as the hub has them."""
    stage.states.go_back(RECEIVED)
    known, county = stage.canaries, stage.county
    numbers = {row[0] for row in county.query("SELECT id_number FROM identity.person")}
    assert len(numbers) > 1000
    assert {n for n in numbers - known.numbers if n[:6] + n[8:17] not in known.short} == set()
    for kind, canaries in (("name", known.names), ("phone", known.phones)):
        texts = {row[0] for row in county.query("SELECT text FROM identity.term WHERE kind = %s", kind)}
        assert texts
        assert {text for text in texts if name(text) not in canaries} == set()
