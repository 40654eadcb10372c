-- id: monthly_scope
-- title: 月度报告：报送、规模、主要问题
-- clauses: [ES-05, ES-06, ZM-12]
-- reads:
--   register: {role: register}
--   before: {role: register, previous: 1}
--   roster: {role: roster, together: true, columns: [stop_reason]}
--   intake: {view: intake}
--   submission: {view: submission}
--   run: {view: run}
--   issue: {view: issue}
--   word: {view: word}
-- note: "Figures foot: last month + added - removed - natural + adjusted = this month; a first month is one adjustment."
WITH part AS (
    SELECT dataset, scope, bool_or(NOT late) AS on_time, bool_and(kind = 'nil') AS nil
    FROM submission WHERE period = :period GROUP BY 1, 2
), due AS (
    SELECT e.dataset, coalesce(bool_and(p.on_time), false) AS on_time, coalesce(bool_and(p.nil), false) AS nil,
           count(p.scope) < greatest(1, (SELECT count(*) FROM jsonb_object_keys(d.about->'parts'))) AS missing
    FROM unnest(CAST(:expected AS text[])) AS e(dataset)
    JOIN word d ON d.list = 'dataset' AND d.code = e.dataset
    LEFT JOIN part p ON p.dataset = e.dataset GROUP BY e.dataset, d.about
), sent AS (
    SELECT i.* FROM intake i WHERE i.period = :period
), now AS (
    SELECT 1 AS place, '户' AS unit, household_id AS id FROM register UNION SELECT 2, '人', person_id FROM register
), was AS (
    SELECT 1 AS place, '户' AS unit, household_id AS id FROM before UNION SELECT 2, '人', person_id FROM before
), died AS (
    SELECT DISTINCT person_id AS id FROM roster WHERE stop_reason = 'died'
), moved AS (
    SELECT coalesce(n.place, w.place) AS place, coalesce(n.unit, w.unit) AS unit, count(w.id) AS previous, count(n.id) AS current,
           count(*) FILTER (WHERE w.id IS NULL) AS added,
           count(*) FILTER (WHERE n.id IS NULL AND d.id IS NOT NULL AND w.place = 2) AS passed_away,
           count(*) FILTER (WHERE n.id IS NULL) AS gone
    FROM now n FULL JOIN was w USING (place, id) LEFT JOIN died d ON d.id = w.id GROUP BY 1, 2
), population AS (
    SELECT place, unit, previous, current, passed_away, gone - passed_away AS removed,
           CASE WHEN previous = 0 THEN 0 ELSE added END AS added, CASE WHEN previous = 0 THEN current ELSE 0 END AS adjusted
    FROM moved
), monitored AS (
    SELECT '户' AS unit, 1 AS place, count(DISTINCT household_id) AS ever, count(DISTINCT household_id) FILTER (WHERE NOT coalesce(risk_cleared, false)) AS open
    FROM register WHERE monitored_category IS NOT NULL
    UNION ALL
    SELECT '人', 2, count(DISTINCT person_id), count(DISTINCT person_id) FILTER (WHERE NOT coalesce(risk_cleared, false))
    FROM register WHERE monitored_category IS NOT NULL
), worst AS (
    SELECT q.code, w.label, p.label AS party, count(*) AS n
    FROM issue q JOIN sent i USING (arrival_id) JOIN word w ON w.list = 'row_issue' AND w.code = q.code
    JOIN word p ON p.list = 'party' AND p.code = q.party
    WHERE q.effect IN ('note', 'quarantine') AND NOT (w.about->>'settled')::boolean GROUP BY 1, 2, 3 ORDER BY n DESC, q.code LIMIT 5
), frozen AS (
    SELECT r.rule, w.label, string_agg(DISTINCT '《' || d.label || '》' || coalesce(y.label, f.value)
               || coalesce('（' || substring(f.value FROM '^[0-9]+') || '个）', ''), '；') AS reason
    FROM run r JOIN word w ON w.list = 'rule' AND w.code = r.rule
    CROSS JOIN jsonb_each_text(r.reason) f
    JOIN word d ON d.list = 'dataset' AND d.code = f.key
    LEFT JOIN word y ON y.list = 'reason' AND y.code = regexp_replace(f.value, '^[0-9]+ ', '')
    WHERE r.status = 'frozen' GROUP BY 1, 2
)
SELECT
    jsonb_build_object('expected', (SELECT count(*) FROM due), 'on_time', (SELECT count(*) FROM due WHERE on_time AND NOT missing),
        'late', (SELECT count(*) FROM due WHERE NOT on_time AND NOT missing), 'missing', (SELECT count(*) FROM due WHERE missing),
        'nil', (SELECT count(*) FROM due WHERE nil), 'refused', (SELECT count(*) FROM sent WHERE outcome = 'refused'),
        'plain', (SELECT count(*) FROM sent WHERE facts->>'sealing' = 'plain' AND outcome <> 'refused'),
        'frozen', (SELECT count(*) FROM frozen)) AS submissions,
    coalesce((SELECT jsonb_agg(jsonb_build_object('unit', unit, 'previous', previous, 'added', added, 'removed', removed,
        'natural', passed_away, 'adjusted', adjusted, 'current', current) ORDER BY place) FROM population p), '[]') AS population,
    coalesce((SELECT jsonb_agg(jsonb_build_object('unit', unit, 'ever', ever, 'open', open, 'closed', ever - open, 'again', 0) ORDER BY place) FROM monitored), '[]') AS standing,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'occurrences', n, 'party', party) ORDER BY n DESC, code) FROM worst), '[]') AS top_issues,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'reason', reason) ORDER BY rule) FROM frozen), '[]') AS frozen,
    CASE WHEN EXISTS (SELECT FROM due WHERE missing) THEN '本月有应报数据未到或者未到齐，相关比对冻结，结论不完整。'
         WHEN EXISTS (SELECT FROM due WHERE NOT on_time) THEN '本月应报数据已到齐，其中有迟报；比对和线索下发已完成。'
         ELSE '本月应报数据按时到齐，比对和线索下发已完成。' END AS headline,
    jsonb_build_array('规模按全国系统导出的底册计算；自然减少指底册核减且医保载明死亡的人员。', '首期建库的规模、地区之间的变动列入“调整”。',
        '暂不能判断的人员不计入差异和线索。') AS calibre,
    NULL::jsonb AS measures
