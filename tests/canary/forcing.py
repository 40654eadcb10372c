"""Forcing errors: a connection that is cut, rows that are refused, a disk that is full, a policy that is broken.

Every error says, as far as the one who raises it can, whom it is about.
"""

from __future__ import annotations

import io
import logging
import re
import resource
import shutil
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from psycopg2 import sql
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bidui.pipeline.office import Office
from demo.services.postgres import Postgres
from tests.policies import unrelease

Job = Callable[[], Any]

REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE who text := (SELECT string_agg(id_number, ' ') FROM (SELECT id_number FROM identity.person LIMIT 3) p);
    BEGIN
        who := concat(who, ' ', NEW::text);
        RAISE unique_violation USING MESSAGE = 'refused: ' || who, DETAIL = 'Key (id_number)=(' || who || ') exists.',
            HINT = 'see ' || who, SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END $$
"""
_TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('core', 'data', 'out', 'identity')"
_SAID = re.compile(r"database error 23505 \((\w+), (\w+)")
_PACKAGE = "bidui."


@dataclass(frozen=True)
class Forced:
    """One forced error: what was forced, what everybody can read of it, and the functions that it went through."""

    fault: str
    error: BaseException = field(repr=False)
    shown: str = field(repr=False)
    functions: frozenset[str] = field(repr=False)


def force(fault: str, job: Job) -> Forced | None:
    """Do a job that is to fail; None if it did not."""
    with listening() as heard:
        try:
            job()
        except Exception as error:
            logging.getLogger("task").exception("Task failed with exception")
            frames = [frame for part in _all(error) for frame, _ in traceback.walk_tb(part.__traceback__)]
            told = [f"{part} {part!r} {part.args} {getattr(part, '__notes__', '')}" for part in _shown(error)]
            shown = "\n".join([*traceback.format_exception(error), *told, heard.getvalue()])
            return Forced(fault, error, shown, frozenset(filter(None, map(_function, frames))))
    return None


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that is logged, down to the last detail."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def _shown(error: BaseException | None) -> Iterator[BaseException]:
    """The errors that a traceback shows: causes, and contexts that are not suppressed."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _all(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those behind it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _function(frame: FrameType) -> str | None:
    """``module.function`` of a frame of ours."""
    module = str(frame.f_globals.get("__name__", ""))
    return f"{module.removeprefix(_PACKAGE)}.{frame.f_code.co_qualname}" if module.startswith(_PACKAGE) else None


def _who_asks() -> tuple[str, ...]:
    """The functions of ours that ask the database something: the innermost outside the store, and all use cases."""
    own = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        own.append(_function(frame) or "store.")
        frame = frame.f_back
    own = [name for name in own if not name.startswith("store.")]
    return own[0], *(name for name in own if name.startswith("pipeline."))


# --- a connection that is cut ------------------------------------------------------------------------------------
@contextmanager
def asking() -> Iterator[list[tuple[str, ...]]]:
    """Who asks, for each statement that is sent meanwhile."""
    asked: list[tuple[str, ...]] = []
    with _before_each(lambda _connection: asked.append(_who_asks())):
        yield asked


@contextmanager
def cut_before(servers: Iterable[Postgres], ordinal: int) -> Iterator[None]:
    """The connection, to one of these servers, ends before the statement of that number (from 0) is sent."""
    left = [ordinal]

    def strike(connection: Any) -> None:
        left[0] -= 1
        if left[0] == -1:
            session = connection.connection.dbapi_connection.info
            server = next(server for server in servers if server.port == session.port)
            server.execute("SELECT pg_terminate_backend(%s, 5000)", [session.backend_pid])

    with _before_each(strike):
        yield


@contextmanager
def _before_each(listener: Callable[[Any], None]) -> Iterator[None]:
    def heard(connection: Any, *_others: Any) -> None:
        listener(connection)

    event.listen(Engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", heard)


# --- rows that are refused ---------------------------------------------------------------------------------------
def refuse_all(postgres: Postgres, database: str, but: Collection[str] = ()) -> None:
    """From now on every table but these refuses every new row, and names it."""
    postgres.execute(REFUSE, database=database)
    tables = postgres.execute(_TABLES, database=database)
    for table in (table for table in tables if ".".join(table) not in but):
        statement = "CREATE TRIGGER refuse BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION refuse()"
        postgres.execute(sql.SQL(statement).format(sql.Identifier(*table)), database=database)


def take_again(postgres: Postgres, database: str, forced: Forced) -> str | None:
    """Let the table that refused take rows again; its name."""
    said = _SAID.search(str(forced.error)) or _SAID.search(str(forced.error.__context__))
    if said is None:
        return None
    postgres.execute(sql.SQL("DROP TRIGGER refuse ON {}").format(sql.Identifier(said[1], said[2])), database=database)
    return f"{said[1]}.{said[2]}"


# --- a disk that is full, folders that are gone or spoilt -----------------------------------------------------------
@contextmanager
def no_space() -> Iterator[None]:
    """No file of this process can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lose_vault(office: Office) -> None:
    """Everything in it is gone."""
    shutil.rmtree(office.home / "vault")


def spoil_vault(office: Office) -> None:
    """Every object in it breaks off."""
    for file in (office.home / "vault").glob("*/*.age"):
        file.chmod(0o600)
        file.write_bytes(file.read_bytes()[:-40])


def spoil_inbox(office: Office) -> None:
    """A file that came in cannot be read."""
    for folder in (office.home / "inbox").glob("*/*"):
        (folder / "unreadable.xlsx").symlink_to("/proc/self/mem")


def spoil_post(office: Office) -> None:
    """Mails that were read cannot be laid aside."""
    shutil.rmtree(office.home / "post" / ".taken", ignore_errors=True)
    (office.home / "post" / ".taken").write_text("", encoding="utf-8")


# --- a policy that is broken -------------------------------------------------------------------------------------
def break_sql(include: Path) -> None:
    """Every rule fails on its first row, and the database says on which."""
    for file in include.glob("sql/*/*.sql"):
        lines = file.read_text(encoding="utf-8").splitlines()
        at = next(number for number, line in enumerate(lines) if not line.startswith("--"))
        body = "\n".join(lines[at:])
        broken = f"SELECT * FROM (\n{body}\n) b WHERE CAST(CAST(b AS text) AS int) > 0"
        file.write_text("\n".join([*lines[:at], broken]) + "\n", encoding="utf-8")


def break_columns(include: Path) -> None:
    """Every column of a workbook that shows something as it stands shows it as something else."""
    for file in include.glob("templates/*.yaml"):
        stated = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r", reveal: (\w+|'[^']*')", ", reveal: 'code:level'", stated), encoding="utf-8")


def break_templates(include: Path) -> None:
    """Every document asks for what is not there."""
    for file in include.glob("templates/*.md"):
        with file.open("a", encoding="utf-8") as document:
            document.write("\n{{ period.nobody.name | cn_period }}\n")


def break_types(include: Path) -> None:
    """Every column is a date."""
    for file in include.glob("catalogue/*/*.yaml"):
        stated = file.read_text(encoding="utf-8")
        stated = re.sub(
            r"logicalType: (string|integer|number)\n(\s+)physicalType: \w+",
            r"logicalType: date\n\2physicalType: date",
            stated,
        )
        file.write_text(stated, encoding="utf-8")


def break_suites(include: Path) -> None:
    """Every expectation is about a person's number, compared with what it cannot be compared with."""
    for file in include.glob("expectations/*.yaml"):
        stated = file.read_text(encoding="utf-8")
        stated = re.sub(r"\bcolumn: \w+", "column: id_no", stated)
        file.write_text(re.sub(r"(min_value|max_value): [^,}\n]+(\}\})?", r"\1: 7", stated), encoding="utf-8")


def break_keys(include: Path) -> None:
    """A word that no model knows stands in every contract, agreement and recipe."""
    for part in ("agreements", "deliveries", "profiles"):
        for file in include.glob(f"{part}/*.yaml"):
            with file.open("a", encoding="utf-8") as policy:
                policy.write("\nnobody: knows\n")


def broken(office: Office, breakage: Callable[[Path], None], folder: Path) -> Office:
    """The same office under a policy that is broken in one way."""
    include = folder / breakage.__name__
    if not include.exists():
        shutil.copytree(office.include, include)
        unrelease(include)  # or every breakage would be told as an edit of what was released
        breakage(include)
    return replace(office, include=include)
