-- id: monthly_tables
-- title: 月度报告：分地区表和分部门表
-- clauses: [ES-05, ES-06, ES-10]
-- parameters: [visit_cells]
-- reads:
--   register: {role: register}
--   before: {role: register, previous: 1}
--   roster: {role: roster, together: true, columns: [stop_reason]}
--   work: {view: case}
--   finding: {view: finding}
--   region: {view: region}
--   submission: {view: submission}
--   intake: {view: intake}
--   word: {view: word}
WITH RECURSIVE town AS (
    SELECT t.code, t.name FROM region t WHERE t.level = :office_level
), place AS (
    SELECT t.code, t.code AS town FROM town t UNION ALL SELECT v.code, p.town FROM place p JOIN region v ON v.parent = p.code
), now AS (
    SELECT DISTINCT ON (r.person_id) r.person_id, v.town FROM register r JOIN place v ON v.code = r.region ORDER BY 1, 2
), was AS (
    SELECT DISTINCT ON (r.person_id) r.person_id, v.town FROM before r JOIN place v ON v.code = r.region ORDER BY 1, 2
), died AS (
    SELECT DISTINCT person_id FROM roster WHERE stop_reason = 'died'
), people AS (
    SELECT coalesce(n.town, w.town) AS code, count(w.person_id) AS previous, count(n.person_id) AS current,
           count(*) FILTER (WHERE w.person_id IS NULL) AS added, count(*) FILTER (WHERE n.person_id IS NULL) AS gone,
           count(*) FILTER (WHERE n.person_id IS NULL AND d.person_id IS NOT NULL) AS passed_away
    FROM now n FULL JOIN was w ON w.person_id = n.person_id AND w.town = n.town LEFT JOIN died d ON d.person_id = w.person_id GROUP BY 1
), raised AS (
    SELECT owner_region AS code, count(*) AS leads, count(*) FILTER (WHERE coalesce(state, 'unanswered') <> 'unanswered') AS checked,
           count(*) FILTER (WHERE coalesce(state, 'unanswered') = 'unanswered' AND due < CAST(:today AS date)) AS overdue
    FROM work WHERE kind = 'lead' AND opened_period = :period GROUP BY 1
), differing AS (
    SELECT n.town AS code, count(*) AS findings FROM finding f JOIN now n ON n.person_id = f.subject GROUP BY 1
), part AS (
    SELECT DISTINCT ON (s.dataset, s.scope) s.* FROM submission s WHERE s.period = :period
    ORDER BY s.dataset, s.scope, s.recorded_as_of DESC
), plain AS (
    SELECT DISTINCT dataset, party FROM intake WHERE period = :period AND facts->>'sealing' = 'plain' AND outcome <> 'refused'
), due AS (
    SELECT e.dataset, d.label, g.code AS giver, coalesce(g.code, d.advice) AS party,
           CASE WHEN g.code IS NULL THEN greatest(1, (SELECT count(*) FROM jsonb_object_keys(d.about->'parts'))) ELSE 1 END AS n
    FROM unnest(CAST(:expected AS text[])) AS e(dataset) JOIN word d ON d.list = 'dataset' AND d.code = e.dataset
    LEFT JOIN LATERAL jsonb_object_keys(d.about->'parts') AS g(code) ON d.about->>'by' = 'party'
), party AS (
    SELECT p.label AS name, e.label AS dataset, e.dataset AS id, p.code AS party_code,
           CASE WHEN count(s.scope) = 0 THEN '未报' WHEN count(s.scope) < e.n THEN '缺' || e.n - count(s.scope) || '份'
                WHEN bool_or(s.late) THEN '迟报' WHEN bool_and(s.kind = 'nil') THEN '零报告' ELSE '按时' END
           || CASE WHEN EXISTS (SELECT FROM plain i WHERE i.dataset = e.dataset AND i.party = coalesce(e.giver, i.party)) THEN '（明文）' ELSE '' END
           || CASE WHEN EXISTS (SELECT FROM intake i WHERE i.dataset = e.dataset AND i.party = coalesce(e.giver, i.party) AND i.period = :period AND i.outcome = 'refused') THEN '（曾退回）' ELSE '' END AS state,
           max(s.data_date) AS data_date, sum(s.rows_accepted) AS rows_accepted, round(sum(s.rows_quarantined)::numeric / nullif(sum(s.rows_read), 0), 6) AS share
    FROM due e JOIN word p ON p.list = 'party' AND p.code = e.party
    LEFT JOIN part s ON s.dataset = e.dataset AND s.scope = coalesce(e.giver, s.scope)
    GROUP BY e.dataset, e.giver, e.label, e.n, p.label, p.code
), asked AS (
    SELECT owner_party, count(*) AS findings FROM work WHERE kind = 'finding' AND state IS DISTINCT FROM 'agreed' GROUP BY 1
)
SELECT
    (SELECT jsonb_agg(jsonb_build_object('name', t.name, 'previous', coalesce(p.previous, 0),
        'added', CASE WHEN EXISTS (SELECT FROM was) THEN coalesce(p.added, 0) ELSE 0 END,
        'removed', coalesce(p.gone - p.passed_away, 0), 'natural', coalesce(p.passed_away, 0),
        'adjusted', CASE WHEN EXISTS (SELECT FROM was) THEN 0 ELSE coalesce(p.current, 0) END, 'current', coalesce(p.current, 0),
        'leads', coalesce(r.leads, 0), 'checked', coalesce(r.checked, 0), 'overdue', coalesce(r.overdue, 0),
        'findings', coalesce(d.findings, 0), 'cells', coalesce(r.leads, 0) * CAST(:visit_cells AS integer)) ORDER BY t.code)
     FROM town t LEFT JOIN people p USING (code) LEFT JOIN raised r USING (code) LEFT JOIN differing d USING (code)) AS towns,
    (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'dataset', p.dataset, 'state', p.state, 'data_date', p.data_date, 'rows', p.rows_accepted,
        'share', p.share, 'findings', coalesce(a.findings, 0)) ORDER BY p.name, p.dataset)
     FROM party p LEFT JOIN asked a ON a.owner_party = p.party_code) AS parties
