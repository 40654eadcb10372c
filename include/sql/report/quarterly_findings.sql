-- id: quarterly_findings
-- title: 季度通报：审核和比对
-- clauses: [SQ-17, SQ-18, SQ-19, SQ-27]
-- parameters: [least_denominator]
-- reads:
--   register: {role: register}
--   finding: {view: finding}
--   work: {view: case}
--   run: {view: run}
--   region: {view: region}
--   word: {view: word}
-- note: "What agrees again is what a later comparison found no more. A person counts once however many findings there are."
WITH RECURSIVE place AS (
    SELECT t.code, t.code AS town FROM region t WHERE t.level = :office_level
    UNION ALL
    SELECT v.code, p.town FROM place p JOIN region v ON v.parent = p.code
), person AS (
    SELECT DISTINCT ON (r.person_id) r.person_id, v.town FROM register r LEFT JOIN place v ON v.code = r.region ORDER BY 1, 2
), size AS (
    SELECT count(*) AS persons FROM person
), task AS (
    SELECT w.case_id, w.finding_key, w.finding_kind AS kind, w.owner_party, w.due, w.opened_period = ANY(CAST(:months AS text[])) AS new,
           w.state IS DISTINCT FROM 'agreed' AS open, coalesce(w.state = 'agreed' AND w.outcome = ANY(CAST(:months AS text[])), false) AS agreed,
           EXISTS (SELECT FROM work e WHERE e.finding_key = w.finding_key AND e.opened_period < w.opened_period) AS again
    FROM work w WHERE w.kind = 'finding' AND w.opened_period <= (CAST(:months AS text[]))[cardinality(CAST(:months AS text[]))]
), differing AS (
    SELECT DISTINCT t.case_id, p.person_id, p.town, f.system_a = f.system_b AND f.field = 'household' AS twice, f.system_a <> f.system_b AS apart
    FROM task t JOIN finding f USING (finding_key) JOIN person p ON p.person_id = f.subject
    WHERE t.open AND f.subject_type = 'person'
), kind AS (
    SELECT t.kind, w.label, count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE agreed) AS agreed, count(*) FILTER (WHERE open) AS open
    FROM task t JOIN word w ON w.list = 'finding_kind' AND w.code = t.kind GROUP BY 1, 2
), owner AS (
    SELECT t.owner_party, p.label, count(*) FILTER (WHERE new) AS new, count(*) FILTER (WHERE agreed) AS agreed, count(*) FILTER (WHERE open) AS open,
           count(*) FILTER (WHERE open AND due < CAST(:today AS date)) AS overdue
    FROM task t JOIN word p ON p.list = 'party' AND p.code = t.owner_party GROUP BY 1, 2
), lead AS (
    SELECT w.owner_region AS town, count(*) AS leads, count(*) FILTER (WHERE coalesce(w.state, 'unanswered') <> 'unanswered') AS checked,
           count(*) FILTER (WHERE coalesce(w.state, 'unanswered') = 'unanswered' AND w.due < CAST(:today AS date)) AS overdue
    FROM work w WHERE w.kind = 'lead' AND w.opened_period = ANY(CAST(:months AS text[])) GROUP BY 1
), town AS (
    SELECT t.code, t.name, count(p.person_id) AS persons,
           (SELECT count(DISTINCT d.case_id) FROM differing d WHERE d.town IS NOT DISTINCT FROM t.code) AS findings
    FROM (SELECT code, name FROM region WHERE level = :office_level UNION ALL SELECT NULL, '地区不明') t
    LEFT JOIN person p ON p.town IS NOT DISTINCT FROM t.code GROUP BY 1, 2
), line AS (
    SELECT t.*, coalesce(l.leads, 0) AS leads, coalesce(l.checked, 0) AS checked, coalesce(l.overdue, 0) AS overdue
    FROM town t LEFT JOIN lead l ON l.town IS NOT DISTINCT FROM t.code
    WHERE t.code IS NOT NULL OR t.persons > 0 OR l.leads IS NOT NULL
), whole AS (
    SELECT sum(persons) AS persons, sum(findings) AS findings, sum(leads) AS leads, sum(checked) AS checked FROM line
)
SELECT
    jsonb_build_object(
        'rules', (SELECT count(DISTINCT rule) FROM run), 'frozen', (SELECT count(DISTINCT rule) FROM run WHERE status = 'frozen'),
        'new', (SELECT count(*) FROM task WHERE new), 'agreed', (SELECT count(*) FROM task WHERE agreed), 'open', (SELECT count(*) FROM task WHERE open),
        'again', (SELECT count(*) FROM task WHERE new AND again), 'persons', (SELECT persons FROM size),
        'mended', (SELECT CASE WHEN count(*) >= :least_denominator THEN round(count(*) FILTER (WHERE agreed)::numeric / count(*), 6) END FROM task WHERE open OR agreed),
        'registered', (SELECT findings FROM whole),
        'rate', (SELECT round(1000.0 * findings / nullif(persons, 0), 2) FROM whole)) AS findings,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'new', new, 'agreed', agreed, 'open', open) ORDER BY open DESC, kind) FROM kind
              WHERE new + agreed + open > 0), '[]') AS finding_kinds,
    (SELECT jsonb_build_array(
        jsonb_build_object('label', '唯一性', 'now', round(1 - count(DISTINCT d.person_id) FILTER (WHERE d.twice)::numeric / nullif(s.persons, 0), 6),
            'meaning', '没有重复登记的人员占登记人员'),
        jsonb_build_object('label', '一致性', 'now', round(1 - count(DISTINCT d.person_id) FILTER (WHERE d.apart)::numeric / nullif(s.persons, 0), 6),
            'meaning', '各系统之间没有存量差异的人员占登记人员'))
     FROM size s LEFT JOIN differing d ON true GROUP BY s.persons) AS agreement,
    coalesce((SELECT jsonb_agg(jsonb_build_object('party', o.label, 'new', o.new, 'agreed', o.agreed, 'open', o.open, 'overdue', o.overdue,
        'rate', CASE WHEN o.agreed + o.open >= :least_denominator THEN round(o.agreed::numeric / (o.agreed + o.open), 6) END) ORDER BY o.label) FROM owner o), '[]') AS owners,
    (SELECT jsonb_agg(jsonb_build_object('name', name, 'persons', persons, 'findings', findings,
        'rate', CASE WHEN persons >= :least_denominator THEN round(1000.0 * findings / persons, 2) END,
        'leads', leads, 'checked', checked, 'overdue', overdue,
        'share', CASE WHEN leads >= :least_denominator THEN round(checked::numeric / leads, 6) END) ORDER BY code) FROM line) AS towns,
    (SELECT CASE WHEN leads >= :least_denominator THEN round(checked / leads, 6) END FROM whole) AS checked_share
