-- id: monthly_findings
-- title: 月度报告：比对
-- clauses: [ES-05, SQ-12, SQ-18]
-- reads:
--   finding: {view: finding}
--   unknown: {view: unknown}
--   work: {view: case}
--   register: {role: register}
--   word: {view: word}
WITH tracked AS (
    SELECT k.code AS kind, k.label, w.case_id, w.owner_party, w.due, w.opened_period, w.state, w.outcome
    FROM word k LEFT JOIN LATERAL (
        SELECT w.* FROM work w WHERE w.finding_kind = k.code
    ) w ON true WHERE k.list = 'finding_kind'
), kind AS (
    SELECT kind, label, count(case_id) FILTER (WHERE opened_period = :period) AS new,
           count(case_id) FILTER (WHERE state IS DISTINCT FROM 'agreed') AS open,
           count(case_id) FILTER (WHERE state = 'agreed' AND outcome = :period) AS agreed
    FROM tracked GROUP BY 1, 2
), owner AS (
    SELECT t.owner_party, coalesce(p.label, '待定') AS label, count(*) FILTER (WHERE opened_period = :period) AS new,
           count(*) FILTER (WHERE state IS DISTINCT FROM 'agreed') AS open,
           count(*) FILTER (WHERE state = 'agreed' AND outcome = :period) AS agreed,
           count(*) FILTER (WHERE state IS DISTINCT FROM 'agreed' AND due < CAST(:today AS date)) AS overdue
    FROM tracked t LEFT JOIN word p ON p.list = 'party' AND p.code = t.owner_party WHERE t.case_id IS NOT NULL GROUP BY 1, 2
), size AS (
    SELECT count(DISTINCT person_id) AS persons FROM register
), differing AS (
    SELECT count(DISTINCT subject) AS persons FROM finding
    WHERE subject_type = 'person' AND subject IN (SELECT person_id FROM register)
)
SELECT
    jsonb_build_object('new', (SELECT sum(new) FROM kind), 'open', (SELECT sum(open) FROM kind), 'agreed', (SELECT sum(agreed) FROM kind),
        'disputed', 0, 'waived', 0, 'unknown', (SELECT count(DISTINCT subject) FROM unknown),
        'rate', (SELECT round(1 - d.persons::numeric / nullif(s.persons, 0), 6) FROM size s, differing d), 'rate_change', NULL) AS findings,
    (SELECT jsonb_agg(jsonb_build_object('label', label, 'new', new, 'open', open, 'agreed', agreed) ORDER BY kind) FROM kind
     WHERE new + open + agreed > 0) AS finding_kinds,
    (SELECT jsonb_agg(jsonb_build_object('party', label, 'new', new, 'open', open, 'agreed', agreed, 'overdue', overdue) ORDER BY label) FROM owner
     WHERE new + open + agreed > 0) AS owners
