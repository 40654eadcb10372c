"""The demo's verification: what counts as equal, and that a restored database which is not the same is told so."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from demo.office import REPOSITORY
from demo.verify import restored
from demo.verify.__main__ import table
from demo.verify.scene import Check, digest, rows, write

TABLES = """
    CREATE SCHEMA core; CREATE TABLE core.snapshot_taken (id int); CREATE TABLE core.restore_drill (id int);
    CREATE TABLE core.thing (id int PRIMARY KEY, name text); INSERT INTO core.thing VALUES (1, '甲'), (2, '乙');
"""


@pytest.mark.parametrize(("expected", "seen", "ok"), [
    (1, 1, True), (1, 2, False),
    ({"lines": 1}, {"lines": 1, "more": "told"}, True),
    ({"lines": 1, "digest": "a"}, {"lines": 1}, False),
    ({"lines": 1, "missing": 0}, {"lines": 1, "missing": 1}, False),
])  # fmt: skip
def test_a_check_holds_when_what_was_expected_is_seen(expected, seen, ok):
    assert Check("x", expected, seen).ok is ok


def test_a_digest_knows_things_and_not_their_order():
    assert digest([("a", 1), ("b", 2)]) == digest([("b", 2), ("a", 1)])
    assert digest([("a", 1)]) != digest([("a", 2)])
    assert digest(["ab", "c"]) != digest(["a", "bc"])


def test_the_verdict_is_written_with_every_check(tmp_path):
    checks = [Check("一", 1, 1), Check("二", {"lines": 1}, Counter(lines=2))]
    assert write(tmp_path / "verify.json", checks) is False
    assert json.loads((tmp_path / "verify.json").read_text(encoding="utf-8")) == {
        "checks": [
            {"name": "一", "expected": 1, "seen": 1, "ok": True},
            {"name": "二", "expected": {"lines": 1}, "seen": {"lines": 2}, "ok": False},
        ],
        "all_ok": False,
    }
    assert write(tmp_path / "verify.json", checks[:1]) is True


def test_the_table_tells_in_full_only_what_differs():
    head, held, differs = table([
        Check("一致的", {"lines": 3, "missing": 0}, {"lines": 3, "missing": 0}),
        Check("不同的", {"lines": 3, "missing": 0}, {"lines": 3, "missing": 1}),
    ])  # fmt: skip
    assert head.split() == ["核对", "应为", "实为", "结果"]
    assert held.split() == ["一致的", "3", "3", "一致"]
    assert differs.split() == ["不同的", "lines=3", "missing=0", "missing=1", "不符"]


def test_verification_does_without_the_product():
    """Not even by a way round: none of its modules is loaded, and none of Airflow's."""
    told = (
        "import demo.verify.__main__, sys; print([m for m in sys.modules if m.split('.')[0] in ('bidui', 'airflow')])"
    )
    done = subprocess.run([sys.executable, "-c", told], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_demo_it_says_what_to_do(tmp_path):
    command = [sys.executable, "-m", "demo.verify", "--home", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make demo" in done.stderr


# --- a restored database ------------------------------------------------------------------------------------------
@pytest.fixture
def pair(postgres):
    """Two databases that hold the same."""
    for name in ("kept", "restored"):
        postgres.create_database(name)
        postgres.execute(TABLES, database=name)
    yield postgres.dsn("kept"), postgres.dsn("restored")
    for name in ("kept", "restored"):
        postgres.drop_database(name)


def failing(pair) -> list[str]:
    return [check.name.partition("：")[2] for check in restored.checks(*pair) if not check.ok]


def test_the_same_is_the_same(pair):
    assert failing(pair) == []
    assert rows(pair[0], "SELECT count(*) FROM core.thing") == [(2,)]


@pytest.mark.parametrize(("statement", "differs"), [
    ("INSERT INTO core.thing VALUES (3, '丙')", ["全部数据表", "内容不同的表"]),
    ("UPDATE core.thing SET name = '丁' WHERE id = 1", ["全部数据表", "内容不同的表"]),
    ("DROP TABLE core.thing", ["全部数据表", "内容不同的表", "表、约束、索引、视图的定义", "权限"]),
    ("CREATE INDEX ON core.thing (name)", ["表、约束、索引、视图的定义"]),
    ("GRANT SELECT ON core.thing TO PUBLIC", ["权限"]),
    ("GRANT SELECT (name) ON core.thing TO PUBLIC", ["权限"]),
    ("GRANT USAGE ON SCHEMA core TO PUBLIC", ["权限"]),
    ("ALTER DEFAULT PRIVILEGES IN SCHEMA core GRANT SELECT ON TABLES TO PUBLIC", ["权限"]),
    ("INSERT INTO core.snapshot_taken VALUES (1)", ["core.snapshot_taken 只少其后所记"]),
])  # fmt: skip
def test_what_was_changed_is_named(pair, postgres, statement, differs):
    postgres.execute(statement, database="restored")
    assert failing(pair) == differs


def test_the_source_may_have_gone_on_noting_its_snapshots(pair, postgres):
    postgres.execute("INSERT INTO core.snapshot_taken VALUES (1)", database="kept")
    assert failing(pair) == []
