"""What came in: every file's rows are counted as truth counts them, and money of a household once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from psycopg2 import sql

from demo.verify.scene import Check, Scene, digest

_SUBMISSIONS = """
    SELECT period, dataset, kind, scope, rows_read, rows_quarantined, rows_unresolved FROM core.submission
    WHERE kind <> 'nil'
"""
_REFUSED = """
    SELECT coalesce(i.period, a.period), a.dataset, i.reason FROM core.intake i JOIN core.arrival a USING (arrival_id)
    WHERE i.outcome = 'refused'
"""
_ISSUES = """
    SELECT s.period, s.dataset, s.kind, s.scope, q.effect, q.code, count(*)
    FROM core.row_issue q JOIN core.submission s USING (arrival_id)
    WHERE q.effect IN ('repair', 'quarantine') GROUP BY 1, 2, 3, 4, 5, 6
"""
_EFFECTS = {"repair": "repaired_by_code", "quarantine": "quarantined_by_code"}

Key = tuple[str, str]
"""Period and dataset."""


def checks(scene: Scene) -> list[Check]:
    """One check for each period and dataset of truth's files, and one for each sum of household money."""
    wanted, seen = _told(scene), _taken(scene)
    return [_counted(key, wanted[key], seen.get(key, [])) for key in sorted(wanted)] + list(_money(scene))


def _told(scene: Scene) -> dict[Key, list[Any]]:
    """(variant, scope, what it came to) of every file."""
    found: dict[Key, list[Any]] = defaultdict(list)
    for line in scene.told("rows"):
        end = line["refused"] or [
            *(line[name] for name in ("read", "quarantined", "unresolved")),
            *(sorted(line[name].items()) for name in _EFFECTS.values()),
        ]
        found[line["period"], line["dataset"]].append([line["variant"], line.get("scope"), end])
    return found


def _taken(scene: Scene) -> dict[Key, list[Any]]:
    """The same of what the ledger took or refused; the hub itself is no scope."""
    issues: dict[tuple[str, ...], dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for *key, effect, code, number in scene.rows(_ISSUES):
        issues[tuple(key)][effect].append((code, number))
    parted = {line["dataset"] for line in scene.told("rows") if line.get("scope")}
    found: dict[Key, list[Any]] = defaultdict(list)
    for period, dataset, kind, scope, *counts in scene.rows(_SUBMISSIONS):
        end = [*counts, *(sorted(issues[period, dataset, kind, scope][effect]) for effect in _EFFECTS)]
        found[period, dataset].append([kind, scope if dataset in parted else None, end])
    for period, dataset, reason in scene.rows(_REFUSED):
        found[period, dataset].append(["broken", None, reason])
    return found


def _counted(key: Key, wanted: list[Any], seen: list[Any]) -> Check:
    return Check(f"{key[0]} 文件 {key[1]}：读到、隔离、未认定", _summed(wanted), _summed(seen))


def _summed(ends: list[Any]) -> dict[str, Any]:
    """What can be read at a glance, and the digest of all."""
    taken = [end for *_, end in ends if isinstance(end, list)]
    totals = {name: sum(end[at] for end in taken) for at, name in enumerate(("read", "quarantined", "unresolved"))}
    return {"files": len(ends), "refused": len(ends) - len(taken), **totals, "digest": digest(ends)}


# --- money -------------------------------------------------------------------------------------------------------
def _money(scene: Scene) -> Iterator[Check]:
    """What is said once for a household is summed once: truth's total is that of the typed rows in force."""
    told: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in scene.told("rows"):
        for column, total in line.get("sums", {}).items():
            told[line["period"], line["dataset"], column] += Decimal(str(total))
    for (period, dataset, column), total in sorted(told.items()):
        seen = _settled(scene, dataset, column, period)
        yield Check(f"{period} 文件 {dataset}：{column} 合计（每户一次）", f"{total:.2f}", f"{seen:.2f}")


def _settled(scene: Scene, dataset: str, column: str, period: str) -> Decimal:
    query = sql.SQL("""
        SELECT coalesce(sum({column}), 0) FROM {table} JOIN core.submission s USING (submission_id)
        WHERE s.dataset = %s AND s.period = %s
          AND NOT EXISTS (SELECT FROM core.submission n WHERE n.supersedes = s.submission_id)
    """).format(column=sql.Identifier(column), table=sql.Identifier("data", dataset.replace(".", "__")))
    ((total,),) = scene.rows(query, dataset, period)
    return Decimal(total)
