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
-- note: "The tables add up to the report's text: who moves inside the county is an adjustment of both places, who is nowhere has a
--   line of its own, findings on whoever is in no place are counted. An intake of a part counts all files of the month."
WITH RECURSIVE town AS (
    SELECT t.code, t.name FROM region t WHERE t.level = :office_level
), place AS (
    SELECT t.code, t.code AS town FROM town t UNION ALL SELECT v.code, p.town FROM place p JOIN region v ON v.parent = p.code
), now AS (
    SELECT DISTINCT ON (r.person_id) r.person_id, v.town FROM register r LEFT JOIN place v ON v.code = r.region ORDER BY 1, 2
), was AS (
    SELECT DISTINCT ON (r.person_id) r.person_id, v.town FROM before r LEFT JOIN place v ON v.code = r.region ORDER BY 1, 2
), died AS (
    SELECT DISTINCT person_id FROM roster WHERE stop_reason = 'died'
), people AS (
    SELECT code, count(*) FILTER (WHERE NOT here) AS previous, count(*) FILTER (WHERE here) AS current,
           count(*) FILTER (WHERE here AND alone AND EXISTS (SELECT FROM was)) AS added,
           count(*) FILTER (WHERE NOT here AND alone AND NOT died) AS removed, count(*) FILTER (WHERE NOT here AND alone AND died) AS passed_away
    FROM (
        SELECT n.town AS code, true AS here, w.person_id IS NULL AS alone, false AS died FROM now n LEFT JOIN was w USING (person_id)
        UNION ALL
        SELECT w.town, false, n.person_id IS NULL, d.person_id IS NOT NULL
        FROM was w LEFT JOIN now n USING (person_id) LEFT JOIN died d ON d.person_id = w.person_id
    ) p GROUP BY 1
), raised AS (
    SELECT owner_region AS code, count(*) AS leads, count(*) FILTER (WHERE coalesce(state, 'unanswered') <> 'unanswered') AS checked,
           count(*) FILTER (WHERE coalesce(state, 'unanswered') = 'unanswered' AND due < CAST(:today AS date)) AS overdue
    FROM work WHERE kind = 'lead' AND opened_period = :period GROUP BY 1
), task AS (
    SELECT case_id, finding_key FROM work WHERE kind = 'finding' AND state IS DISTINCT FROM 'agreed'
), differing AS (
    SELECT n.town AS code, count(DISTINCT t.case_id) AS findings
    FROM task t JOIN finding f USING (finding_key) JOIN now n ON n.person_id = f.subject WHERE f.subject_type = 'person' GROUP BY 1
), line AS (
    SELECT t.code, t.name, coalesce(p.previous, 0) AS previous, coalesce(p.added, 0) AS added, coalesce(p.removed, 0) AS removed,
           coalesce(p.passed_away, 0) AS passed_away, coalesce(p.current, 0) AS current, coalesce(r.leads, 0) AS leads,
           coalesce(r.checked, 0) AS checked, coalesce(r.overdue, 0) AS overdue, coalesce(d.findings, 0) AS findings
    FROM (SELECT code, name FROM town UNION ALL SELECT NULL, '地区不明') t
    LEFT JOIN people p ON p.code IS NOT DISTINCT FROM t.code
    LEFT JOIN raised r ON r.code IS NOT DISTINCT FROM t.code
    LEFT JOIN differing d ON d.code IS NOT DISTINCT FROM t.code
    WHERE t.code IS NOT NULL OR p.current IS NOT NULL OR r.leads IS NOT NULL
), part AS (
    SELECT s.dataset, s.scope, bool_and(s.late) AS late, bool_and(s.kind = 'nil') AS nil, (array_agg(s.data_date ORDER BY s.recorded_as_of DESC))[1] AS data_date,
           coalesce(sum(s.rows_read), 0) AS read, coalesce(sum(s.rows_quarantined), 0) AS quarantined
    FROM submission s WHERE s.period = :period GROUP BY 1, 2
), plain AS (
    SELECT DISTINCT dataset, party FROM intake WHERE period = :period AND facts->>'sealing' = 'plain' AND outcome <> 'refused'
), due AS (
    SELECT e.dataset, d.label, g.code AS giver, coalesce(g.code, d.advice) AS party,
           CASE WHEN g.code IS NULL THEN greatest(1, (SELECT count(*) FROM jsonb_object_keys(d.about->'parts'))) ELSE 1 END AS n
    FROM unnest(CAST(:expected AS text[])) AS e(dataset) JOIN word d ON d.list = 'dataset' AND d.code = e.dataset
    LEFT JOIN LATERAL jsonb_object_keys(d.about->'parts') AS g(code) ON d.about->>'by' = 'party'
), party AS (
    SELECT p.label AS name, e.label AS dataset, e.dataset AS id,
           CASE WHEN count(s.scope) = 0 THEN '未报' WHEN count(s.scope) < e.n THEN '缺' || e.n - count(s.scope) || '份'
                WHEN bool_or(s.late) THEN '迟报' WHEN bool_and(s.nil) THEN '零报告' ELSE '按时' END
           || CASE WHEN EXISTS (SELECT FROM plain i WHERE i.dataset = e.dataset AND i.party = coalesce(e.giver, i.party)) THEN '（明文）' ELSE '' END
           || CASE WHEN EXISTS (SELECT FROM intake i WHERE i.dataset = e.dataset AND i.party = coalesce(e.giver, i.party) AND i.period = :period AND i.outcome = 'refused') THEN '（曾退回）' ELSE '' END AS state,
           max(s.data_date) AS data_date, sum(s.read) AS read, sum(s.quarantined) AS quarantined
    FROM due e JOIN word p ON p.list = 'party' AND p.code = e.party
    LEFT JOIN part s ON s.dataset = e.dataset AND s.scope = coalesce(e.giver, s.scope)
    GROUP BY e.dataset, e.giver, e.label, e.n, p.label
)
SELECT
    (SELECT jsonb_agg(jsonb_build_object('name', name, 'previous', previous, 'added', added, 'removed', removed, 'natural', passed_away,
        'adjusted', current - previous - added + removed + passed_away, 'current', current, 'leads', leads, 'checked', checked, 'overdue', overdue,
        'findings', findings, 'cells', CASE WHEN code IS NULL THEN 0 ELSE leads END * CAST(:visit_cells AS integer)) ORDER BY code) FROM line) AS towns,
    (SELECT count(*) FROM task) - (SELECT sum(findings) FROM line)::bigint AS elsewhere,
    (SELECT jsonb_agg(jsonb_build_object('name', name, 'dataset', dataset, 'state', state, 'data_date', data_date, 'rows', read,
        'quarantined', quarantined, 'share', round(quarantined / nullif(read, 0), 6)) ORDER BY name, dataset) FROM party) AS parties,
    (SELECT jsonb_build_object('received', coalesce(sum(read), 0), 'accepted', coalesce(sum(read - quarantined), 0),
        'quarantined', coalesce(sum(quarantined), 0), 'share', round(coalesce(sum(quarantined) / nullif(sum(read), 0), 0), 6)) FROM party) AS quality
