"""Nothing is open unaccounted: opened = closed + open by state, and what agrees or stays open does so for a reason."""

from __future__ import annotations

from collections import Counter, defaultdict

from demo.verify.scene import Check, Scene

CLOSED = {"finding": {"agreed"}, "lead": {"visited"}}
OPEN = {"", "unanswered"}
"""States in which a case waits for somebody; '' is that nothing has happened to it yet."""

_CASES = """
    SELECT c.kind, c.opened_period, coalesce((
        SELECT e.event FROM core.case_event e WHERE e.case_id = c.case_id
        ORDER BY (e.event = 'unanswered'), e.recorded_as_of DESC, e.event_id LIMIT 1), '')
    FROM core."case" c
"""
_OPENED = """
    SELECT 'lead', period, count(*) FROM core.lead GROUP BY 2
    UNION ALL
    SELECT 'finding', opened_period, count(DISTINCT finding_key) FROM core."case" WHERE kind = 'finding' GROUP BY 2
"""
_WITHOUT_CASE = """
    SELECT (SELECT count(*) FROM core.lead l WHERE NOT EXISTS (SELECT FROM core."case" c WHERE c.lead_id = l.lead_id)),
           (SELECT count(*) FROM core.finding f
            WHERE NOT EXISTS (SELECT FROM core."case" c WHERE c.finding_key = f.finding_key))
"""
# Of each finding: is its last case agreed, does a run that counts, of the last month, see it, may it be there unseen?
_LAST_STATE = """
    WITH last AS (SELECT max(period) AS period FROM core.closing),
    speaking AS (SELECT r.* FROM core.run_in_force r JOIN last USING (period)),
    agreed AS (
        SELECT DISTINCT ON (c.finding_key) c.finding_key, EXISTS (
            SELECT FROM core.case_event e WHERE e.case_id = c.case_id AND e.event = 'agreed') AS agreed
        FROM core."case" c WHERE c.kind = 'finding' ORDER BY c.finding_key, c.opened_period DESC, c.recorded_as_of DESC
    ),
    seen AS (SELECT DISTINCT v.finding_key FROM core.finding_seen v JOIN speaking USING (run_id)),
    doubtful AS (
        SELECT f.finding_key FROM core.finding f JOIN core.unknown u USING (subject) JOIN speaking USING (run_id)
        UNION
        SELECT f.finding_key FROM core.finding f JOIN identity.candidate k ON k.person_id = f.subject
        JOIN core.run_input i USING (submission_id) JOIN speaking USING (run_id)
    )
    SELECT count(*) FILTER (WHERE a.agreed AND s.finding_key IS NOT NULL),
           count(*) FILTER (WHERE NOT a.agreed AND s.finding_key IS NULL AND d.finding_key IS NULL)
    FROM agreed a LEFT JOIN seen s USING (finding_key) LEFT JOIN doubtful d USING (finding_key)
"""


def checks(scene: Scene) -> list[Check]:
    """One check for each kind of case and period in which it was opened, and what holds for all."""
    states: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for kind, period, state in scene.rows(_CASES):
        states[period, kind][state] += 1
    opened = {(period, kind): number for kind, period, number in scene.rows(_OPENED)}
    found = [_accounted(key, opened.get(key, 0), states[key]) for key in sorted(opened.keys() | states.keys())]
    ((leads, findings),) = scene.rows(_WITHOUT_CASE)
    ((settled, forgotten),) = scene.rows(_LAST_STATE)
    return [
        *found,
        Check("案卷：没有案卷的线索和差异", [0, 0], [leads, findings]),
        Check("案卷：已销号而末期仍有差异", 0, settled),
        Check("案卷：末期已无差异、亦无疑似而未销号", 0, forgotten),
    ]


def _accounted(key: tuple[str, str], opened: int, states: Counter[str]) -> Check:
    period, kind = key
    closed = {state: n for state, n in sorted(states.items()) if state in CLOSED[kind]}
    waiting = {state or "new": n for state, n in sorted(states.items()) if state in OPEN}
    rest = opened - sum(closed.values()) - sum(waiting.values())
    return Check(
        f"{period} 案卷 {kind}：开 = 结 + 未结",
        {"opened": opened, "unaccounted": 0},
        {"opened": states.total(), "unaccounted": rest, "closed": closed, "open": waiting},
    )
