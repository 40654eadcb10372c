-- id: town_visits
-- title: 入户核查通知的数字
-- clauses: [QA-10, ES-03, ZM-02]
-- reads:
--   lead: {view: lead}
--   region: {view: region}
--   signal: {view: signal}
--   run: {view: run}
--   register: {role: register}
--   submission: {view: submission}
--   word: {view: word}
WITH mine AS (
    SELECT DISTINCT l.lead_id, l.household_id, l.level, l.causes, l.due
    FROM lead l JOIN region v ON v.code = l.region
    WHERE l.period = :period AND l.round = :round AND v.parent = :recipient_region
), level AS (
    SELECT m.level, w.label, count(*) AS households, max(m.due) AS due
    FROM mine m JOIN word w ON w.list = 'level' AND w.code = m.level GROUP BY 1, 2
), cause AS (
    SELECT c.code, w.label, count(*) AS households
    FROM mine m, unnest(m.causes) AS c(code) JOIN word w ON w.list = 'risk_cause' AND w.code = c.code GROUP BY 1, 2
), used AS (
    SELECT d.label, max(s.data_date) AS data_date FROM submission s JOIN word d ON d.list = 'dataset' AND d.code = s.dataset
    WHERE s.period = :period AND s.dataset = ANY(CAST(:expected AS text[])) GROUP BY 1
)
SELECT
    (SELECT count(*) FROM mine) AS households,
    (SELECT count(DISTINCT r.person_id) FROM register r JOIN mine USING (household_id)) AS persons,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'households', households, 'due', due)
        ORDER BY level <> 'red', level <> 'orange') FROM level), '[]') AS levels,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'households', households) ORDER BY households DESC, code) FROM cause), '[]') AS causes,
    coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('label', w.label, 'reason', '数据未报送或者不完整')) FROM run r
        JOIN word w ON w.list = 'rule' AND w.code = r.rule WHERE r.status = 'frozen'), '[]') AS frozen,
    (SELECT count(*) FROM mine) * 6 AS cells,
    (SELECT max(due) FROM mine)::text AS due,
    (CAST(:last_day AS date) + 60)::text AS valid_until,
    (SELECT string_agg(label || coalesce(' ' || data_date, ''), '、' ORDER BY label) FROM used) AS data_dates
