-- id: town_visits
-- title: 入户核查通知的数字
-- clauses: [QA-10, QA-18, ES-03, ZM-02]
-- parameters: [visit_cells, visit_form_days]
-- reads:
--   lead: {view: lead}
--   work: {view: case}
--   run: {view: run}
--   register: {role: register}
--   submission: {view: submission}
--   word: {view: word}
WITH mine AS (
    SELECT DISTINCT l.lead_id, l.household_id, l.level, l.causes, l.due
    FROM lead l JOIN work w USING (lead_id)
    WHERE l.period = :period AND l.round = :round AND w.owner_region = :recipient_region
), level AS (
    SELECT m.level, w.label, count(*) AS households, max(m.due) AS due
    FROM mine m JOIN word w ON w.list = 'level' AND w.code = m.level GROUP BY 1, 2
), cause AS (
    SELECT c.code, w.label, count(*) AS households
    FROM mine m, unnest(m.causes) AS c(code) JOIN word w ON w.list = 'risk_cause' AND w.code = c.code GROUP BY 1, 2
), used AS (
    SELECT d.label, max(s.data_date) AS data_date FROM submission s JOIN word d ON d.list = 'dataset' AND d.code = s.dataset
    WHERE s.period = :period AND s.dataset = ANY(CAST(:expected AS text[])) GROUP BY 1
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
    (SELECT count(*) FROM mine) AS households,
    (SELECT count(*) FROM mine WHERE household_id IN (SELECT household_id FROM lead WHERE period = :period AND round < :round)) AS supplements,
    (SELECT count(DISTINCT r.person_id) FROM register r JOIN mine USING (household_id)) AS persons,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'households', households, 'due', due)
        ORDER BY level <> 'red', level <> 'orange') FROM level), '[]') AS levels,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'households', households) ORDER BY households DESC, code) FROM cause), '[]') AS causes,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'reason', reason) ORDER BY rule) FROM frozen), '[]') AS frozen,
    (SELECT count(*) FROM mine) * CAST(:visit_cells AS integer) AS cells,
    (SELECT min(due) FROM mine)::text AS earliest,
    (SELECT max(due) FROM mine)::text AS due,
    (CAST(:last_day AS date) + CAST(:visit_form_days AS integer))::text AS valid_until,
    (SELECT string_agg(label || coalesce(' ' || data_date, ''), '、' ORDER BY label) FROM used) AS data_dates
