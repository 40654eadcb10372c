"""Every finding, signal, unknown and lead that is true was found, and none else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from demo.verify.scene import Check, Scene, digest

_FOUND = """
    SELECT r.period, f.kind, p.id_number, f.field, ARRAY[f.system_a, f.system_b], f.discriminator
    FROM core.finding_seen v JOIN core.finding f USING (finding_key) JOIN core.run_in_force r USING (run_id)
    JOIN identity.person p ON p.person_id = f.subject
    UNION ALL
    SELECT r.period, r.rule, coalesce(p.id_number, h.number), '', ARRAY[s.dataset], s.occurrence
    FROM core.signal_seen v JOIN core.signal s USING (signal_key) JOIN core.run_in_force r USING (run_id)
    LEFT JOIN identity.person p ON s.subject_type = 'person' AND p.person_id = s.subject
    LEFT JOIN identity.household h ON s.subject_type = 'household' AND h.household_id = s.subject
    UNION ALL
    SELECT r.period, 'unknown', p.id_number, r.rule, r.systems, ''
    FROM core.unknown u JOIN core.run_in_force r USING (run_id) JOIN identity.person p ON p.person_id = u.subject
"""
_LEADS = """
    SELECT l.period, h.number, count(*), string_agg(DISTINCT coalesce(c.owner_region, '?'), ' ')
    FROM core.lead l JOIN identity.household h USING (household_id) JOIN core.lead_signal USING (lead_id)
    JOIN core."case" c USING (lead_id) GROUP BY l.period, h.number
"""


class Kind(NamedTuple):
    """What lines are compared together."""

    period: str
    kind: str
    """A kind of finding, a signal, ``lead``, or ``unknown`` with the kind that it would have been."""
    systems: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


Lines = dict[Kind, set[tuple[str, ...]]]


def checks(scene: Scene) -> list[Check]:
    """One check for each period, kind and systems; a kind that only one side knows is there, too."""
    wanted, seen = _collected(_expected(scene)), _collected(_found(scene))
    return [_compared(str(key), wanted[key], seen[key]) for key in sorted(wanted.keys() | seen.keys())]


def _compared(name: str, wanted: set[tuple[str, ...]], seen: set[tuple[str, ...]]) -> Check:
    differs = {"missing": len(wanted - seen), "extra": len(seen - wanted)}
    return Check(
        name,
        {"lines": len(wanted), "digest": digest(wanted), "missing": 0, "extra": 0},
        {"lines": len(seen), "digest": digest(seen), **differs},
    )


def _collected(told: Iterator[tuple[Kind, tuple[str, ...]]]) -> Lines:
    lines: Lines = defaultdict(set)
    for kind, line in told:
        lines[kind].add(line)
    return lines


def _expected(scene: Scene) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    for line in scene.told("expected"):
        kind, period, systems = line["kind"], line["period"], ">".join(line["systems"])
        if kind == "lead":
            yield Kind(period, kind, ""), (line["subject"], str(line["signals"]), line["town"])
        elif kind == "unknown":
            yield Kind(period, f"{kind} {line['field']}", systems), (line["subject"],)
        else:
            about = line.get("occurrence") or line.get("discriminator") or ""
            yield Kind(period, kind, systems), (line["subject"], line["field"], about)


def _found(scene: Scene) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    words = {dataset: word for word, dataset in scene.systems.items()}
    for period, kind, subject, field, datasets, about in scene.rows(_FOUND):
        systems = ">".join(words.get(dataset, dataset) for dataset in datasets)
        if kind == "unknown":
            yield Kind(period, f"{kind} {scene.rules[field].get('finds') or field}", systems), (subject,)
        else:
            yield Kind(period, kind, systems), (subject, field, about)
    for period, household, signals, town in scene.rows(_LEADS):
        yield Kind(period, "lead", ""), (household, str(signals), town)
