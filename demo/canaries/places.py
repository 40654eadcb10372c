"""The places that are read: text files, names of files, mails' heads, tables; and how each is planted with people.

A place gives (where, text) pairs. Planted, it is read by the same code: files in a scratch copy, tables in a
transaction that is rolled back.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Protocol

import psycopg2
from psycopg2 import sql

_BLOCK, _OVERLAP = 4_000_000, 200
"""Characters that are scanned at once, and those that are looked at twice so that nothing is cut in two."""

Texts = Iterator[tuple[str, str]]
"""(where, text): where is a file below the hub's home, or a table."""


class Place(Protocol):
    """Somewhere that text ends up."""

    @property
    def name(self) -> str:
        """What a report calls it."""

    def texts(self) -> Texts:
        """Everything that stands there."""

    def planted(self, plants: Sequence[str], scratch: Path) -> Iterator[Texts]:
        """The same place, or parts of it, with these texts in it; ``scratch`` is an empty folder."""


@dataclass(frozen=True)
class Files:
    """The content of text files."""

    name: str
    home: Path
    patterns: tuple[str, ...]

    def texts(self) -> Texts:
        """Every file, in blocks."""
        for path in self._paths():
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(_BLOCK)
                while text:
                    yield str(path.relative_to(self.home)), text
                    more = file.read(_BLOCK)
                    text = text[-_OVERLAP:] + more if more else ""

    def planted(self, plants: Sequence[str], scratch: Path) -> Iterator[Texts]:
        """A copy of the smallest file, with the texts at its end."""
        for path in sorted(self._paths(), key=lambda p: p.stat().st_size)[:1]:
            copy = scratch / path.relative_to(self.home)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            with copy.open("a", encoding="utf-8") as file:
                file.writelines(f"\n[error] {text} while working" for text in plants)
            yield replace(self, home=scratch).texts()

    def _paths(self) -> list[Path]:
        return sorted({p for pattern in self.patterns for p in self.home.glob(pattern) if p.is_file()})


@dataclass(frozen=True)
class FileNames:
    """Names of files and folders."""

    name: str
    home: Path
    folders: tuple[str, ...]

    def texts(self) -> Texts:
        """The names below each folder."""
        for folder in self.folders:
            yield folder, "\n".join(str(p.relative_to(self.home)) for p in sorted((self.home / folder).rglob("*")))

    def planted(self, plants: Sequence[str], scratch: Path) -> Iterator[Texts]:
        """Each folder with a file of each name."""
        for folder in self.folders:
            (scratch / folder / "2026-10").mkdir(parents=True)
            for at, text in enumerate(plants):
                (scratch / folder / "2026-10" / f"表{at}_{text}_.xlsx").touch()
            yield replace(self, home=scratch, folders=(folder,)).texts()


@dataclass(frozen=True)
class Mails:
    """The headers of every mail: all of the mail's own, or the names of what is attached to it."""

    name: str
    home: Path
    attachments: bool

    def texts(self) -> Texts:
        """One text a mail."""
        for path in sorted(p for part in ("cur", "new") for p in (self.home / "post").glob(f"**/{part}/*")):
            mail = message_from_bytes(path.read_bytes(), policy=default)
            if self.attachments:
                told = [f"{part.get_filename() or ''}" for part in mail.walk()]
            else:
                told = [f"{header}: {value}" for header, value in mail.items()]
            yield f"{path.parent.parent.name}/{mail['X-Bidui-Delivery']}", "\n".join(told)

    def planted(self, plants: Sequence[str], scratch: Path) -> Iterator[Texts]:
        """A mail for each text."""
        folder = scratch / "post" / "town@example" / "cur"
        folder.mkdir(parents=True)
        for at, text in enumerate(plants):
            mail = EmailMessage()
            mail["Subject"] = "无" if self.attachments else f"核查 {text}"
            mail.add_attachment(b"", maintype="text", subtype="x", filename=f"{text}.xlsx" if self.attachments else "x")
            (folder / str(at)).write_bytes(mail.as_bytes())
        yield replace(self, home=scratch).texts()


_TABLES = """
    SELECT n.nspname, c.relname,
           (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND a.atttypid::regtype::text IN ('text', 'json', 'jsonb', 'character varying') AND a.atttypmod = -1
              AND a.attgenerated = ''
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND a.attnum = ANY(k.conkey)
                              AND k.contype <> 'n')
              AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY(i.indkey::int2[]))
            ORDER BY a.attnum LIMIT 1)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    ORDER BY 1, 2
"""
"""Every table, and of each a column that takes any text: one in no key, check or index."""


@dataclass(frozen=True)
class Tables:
    """The rows of a database's tables, as a dump holds them."""

    name: str
    dsn: str = field(repr=False)
    only: frozenset[str] = frozenset()
    """Names of the tables that are read; none: all."""
    without: frozenset[str] = frozenset()
    """Schemas and tables that are not read."""

    def texts(self) -> Texts:
        """Every table, in blocks of rows."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            for schema, table, _ in self._tables(connection):
                yield from _rows(connection, schema, table)

    def planted(self, plants: Sequence[str], scratch: Path) -> Iterator[Texts]:
        """Each table that has a row and a column for them; nothing of it is ever committed."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            for schema, table, column in self._tables(connection):
                if column and _plant(connection, schema, table, column, " | ".join(plants)):
                    yield _rows(connection, schema, table)
                connection.rollback()

    def _tables(self, connection: psycopg2.extensions.connection) -> list[tuple[str, str, str | None]]:
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            found = [row for row in cursor.fetchall() if not self.without & {row[0], row[1]}]
        connection.rollback()
        return [row for row in found if not self.only or row[1] in self.only]


def _rows(connection: psycopg2.extensions.connection, schema: str, table: str) -> Texts:
    with connection.cursor("rows") as cursor:
        cursor.itersize = 10_000
        cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table)))
        while rows := cursor.fetchmany(cursor.itersize):
            yield f"{schema}.{table}", "\n".join(row[0] for row in rows)


def _plant(connection: psycopg2.extensions.connection, schema: str, table: str, column: str, text: str) -> bool:
    """Write the text into one row, without commit; False if the table is empty."""
    name, target = sql.Identifier(column), sql.Identifier(schema, table)
    statement = sql.SQL(
        "UPDATE {t} SET {c} = CASE WHEN pg_typeof({c})::text LIKE 'json%%' THEN to_jsonb(%(text)s::text)::text"
        " ELSE %(text)s END::{kind} WHERE ctid = (SELECT ctid FROM {t} LIMIT 1)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            (sql.Identifier(schema, table).as_string(connection), column),
        )
        kind = cursor.fetchone()
        cursor.execute(statement.format(t=target, c=name, kind=sql.SQL(kind[0] if kind else "text")), {"text": text})
        return bool(cursor.rowcount)
