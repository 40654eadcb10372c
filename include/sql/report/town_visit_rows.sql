-- id: town_visit_rows
-- title: 入户核查表：逐户
-- clauses: [QA-10, QA-18, ES-03]
-- reads:
--   lead: {view: lead}
--   region: {view: region}
--   signal: {view: signal}
--   register: {role: register}
--   word: {view: word}
WITH mine AS (
    SELECT DISTINCT l.lead_id, l.lead_no, l.household_id, l.region, v.parent AS town, l.level, l.causes, l.due
    FROM lead l JOIN region v ON v.code = l.region
    WHERE l.period = :period AND l.round = :round AND v.parent = :recipient_region
), home AS (
    SELECT household_id, count(DISTINCT person_id) AS members, min(head_name_id) AS head_name_id FROM register GROUP BY household_id
), who AS (
    SELECT DISTINCT ON (household_id, person_id) household_id, person_id, name_id FROM register ORDER BY household_id, person_id
), fact AS (
    SELECT l.lead_id, string_agg(DISTINCT
        coalesce('{name:' || p.name_id || '}：', '') || c.label || coalesce(to_char(s.fact_date, '（YYYY"年"FMMM"月"FMDD"日）"'), ''), '；') AS facts
    FROM lead l
    JOIN signal s USING (signal_key)
    JOIN word c ON c.list = 'rule' AND c.code = s.rule
    LEFT JOIN who p ON s.subject_type = 'person' AND p.person_id = s.subject AND p.household_id = l.household_id
    GROUP BY l.lead_id
)
SELECT m.lead_no, m.town, m.region AS village, m.household_id AS household_no, h.head_name_id AS head_name, h.members,
       m.causes, f.facts, m.level, m.due::text AS due
FROM mine m
JOIN home h USING (household_id)
JOIN fact f USING (lead_id)
ORDER BY m.region, m.lead_no
