-- id: agency_findings
-- title: 核实更正函的数字
-- clauses: [SQ-12, SQ-17, QA-08]
-- reads:
--   finding: {view: finding}
--   work: {view: case}
--   submission: {view: submission}
--   word: {view: word}
WITH mine AS (
    SELECT f.kind, w.opened_period, w.due FROM finding f JOIN work w USING (finding_key)
    WHERE w.owner_party = :recipient AND w.state IS DISTINCT FROM 'agreed'
), kind AS (
    SELECT m.kind, w.label, coalesce(w.advice, '逐条核实') AS advice, count(*) AS total,
           count(*) FILTER (WHERE m.opened_period < :period) AS carried
    FROM mine m JOIN word w ON w.list = 'finding_kind' AND w.code = m.kind GROUP BY 1, 2, 3
), used AS (
    SELECT d.label, p.label AS party, max(s.data_date) AS data_date FROM submission s
    JOIN word d ON d.list = 'dataset' AND d.code = s.dataset JOIN word p ON p.list = 'party' AND p.code = d.advice
    WHERE s.period = :period AND s.dataset = ANY(CAST(:expected AS text[])) AND s.data_date IS NOT NULL GROUP BY 1, 2
)
SELECT
    (SELECT count(*) FROM mine) AS total,
    (SELECT count(*) FROM mine WHERE opened_period < :period) AS carried,
    (SELECT count(*) FROM mine WHERE due < CAST(:today AS date)) AS overdue,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', k.label, 'total', k.total, 'carried', k.carried, 'todo', k.advice)
        ORDER BY k.total DESC, k.kind) FROM kind k), '[]') AS kinds,
    coalesce((SELECT jsonb_agg(jsonb_build_object('dataset', u.label, 'party', u.party, 'data_date', u.data_date) ORDER BY u.label) FROM used u), '[]') AS data_dates,
    CAST(:due_correction AS date)::text AS due
