"""Whether the hub found what is true, and nothing else.

Imports nothing of bidui: it reads tables, mails and ``truth.jsonl``.
"""

from __future__ import annotations

import json
import mailbox
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg2

_FOUND = """
    SELECT r.period, f.kind, p.id_number AS subject, f.field, f.system_a || '>' || f.system_b AS systems
    FROM core.finding_seen v JOIN core.finding f USING (finding_key) JOIN core.run_in_force r USING (run_id)
    JOIN identity.person p ON p.person_id = f.subject
    UNION ALL
    SELECT r.period, r.rule, coalesce(p.id_number, h.number), '', s.dataset
    FROM core.signal_seen v JOIN core.signal s USING (signal_key) JOIN core.run_in_force r USING (run_id)
    LEFT JOIN identity.person p ON s.subject_type = 'person' AND p.person_id = s.subject
    LEFT JOIN identity.household h ON s.subject_type = 'household' AND h.household_id = s.subject
    UNION ALL
    SELECT r.period, 'unknown', p.id_number, r.rule, array_to_string(r.systems, '>')
    FROM core.unknown u JOIN core.run_in_force r USING (run_id) JOIN identity.person p ON p.person_id = u.subject
    UNION ALL
    SELECT l.period, 'lead', h.number, '', '' FROM core.lead l JOIN identity.household h USING (household_id)
"""


@dataclass(frozen=True)
class Check:
    """One thing that has to hold."""

    name: str
    expected: Any
    seen: Any

    @property
    def ok(self) -> bool:
        """Whether it does."""
        return bool(self.expected == self.seen)


def lines(dsn: str, truth: Path, names: Mapping[str, Any]) -> list[Check]:
    """One check per period and kind: the expected lines, and those found.

    ``names``: how the policy calls what truth says in words of its own: ``systems`` (register → dataset) and
    ``unknown`` (rule → the kind that it would have found).
    """
    wanted: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    seen: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    with truth.open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            if line["type"] == "expected":
                systems = ">".join(names["systems"][s] for s in line["systems"]) if line["kind"] != "lead" else ""
                wanted.setdefault((line["period"], line["kind"]), set()).add((line["subject"], line["field"], systems))
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(_FOUND)
        for period, kind, subject, field, systems in cursor.fetchall():
            told = names["unknown"].get(field, field) if kind == "unknown" else field
            seen.setdefault((period, kind), set()).add((subject, told, systems))
    checks = []
    for key in sorted(wanted.keys() | seen.keys()):
        missing, extra = wanted.get(key, set()) - seen.get(key, set()), seen.get(key, set()) - wanted.get(key, set())
        what = {"lines": len(wanted.get(key, set())), "missing": 0, "extra": 0}
        checks.append(
            Check(
                f"{key[0]} {key[1]}",
                what,
                {"lines": len(seen.get(key, set())), "missing": len(missing), "extra": len(extra)},
            )
        )
    return checks


def mails(dsn: str, post: Path, hub: str) -> list[Check]:
    """Every mail that the ledger says was taken lies in the sink once, and no other of the hub's."""
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT message_id FROM out.sending WHERE outcome = 'accepted'")
        recorded = Counter(row[0] for row in cursor.fetchall())
    kept: Counter[str] = Counter()
    for folder in post.iterdir():
        if (folder / "cur").is_dir():
            kept.update(str(m["Message-ID"]) for m in mailbox.Maildir(folder) if hub in str(m["From"]))
    return [
        Check("each mail recorded once", {1}, set(recorded.values()) or {1}),
        Check("mails kept by the mail server", len(recorded), len(kept)),
        Check("mails that only one side knows", 0, len(set(recorded) ^ set(kept))),
    ]


def cases(dsn: str) -> list[Check]:
    """Nothing is left open unseen: every lead and every finding has its case, and opened = settled + still open."""
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM core.lead), (SELECT count(*) FROM core.\"case\" WHERE kind = 'lead')"
        )
        leads, lead_cases = cursor.fetchone() or (0, 0)
        cursor.execute(
            "SELECT (SELECT count(*) FROM core.finding), (SELECT count(*) FROM core.\"case\" WHERE kind = 'finding')"
        )
        findings, finding_cases = cursor.fetchone() or (0, 0)
    return [Check("leads with a case", leads, lead_cases), Check("findings with a case", findings, finding_cases)]


def write(file: Path, checks: list[Check]) -> bool:
    """Write the checks as JSON; returns whether all hold."""
    held = all(check.ok for check in checks)
    told = {"checks": [{**asdict(c), "ok": c.ok} for c in checks], "all_ok": held}
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1, default=sorted), encoding="utf-8")
    return held
