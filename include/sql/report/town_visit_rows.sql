-- id: town_visit_rows
-- title: 入户核查表：逐户
-- clauses: [QA-10, QA-18, ES-03]
-- reads:
--   region: {view: region}
--   lead: {view: lead}
--   work: {view: case}
--   signal: {view: signal}
--   register: {role: register}
--   word: {view: word}
-- note: "An office above the towns passes the workbook on to them: it is in the order of towns and villages. A later round's lead of a household that has one this month is a supplement: it names the first, for one visit."
WITH mine AS (
    SELECT DISTINCT l.lead_id, l.lead_no, l.household_id, CASE WHEN r.level = :finest_level THEN r.parent ELSE l.region END AS town,
           CASE WHEN r.level = :finest_level THEN l.region END AS village, l.level, l.causes, l.due
    FROM lead l JOIN work w USING (lead_id) LEFT JOIN region r ON r.code = l.region
    WHERE l.period = :period AND l.round = :round AND w.owner_region = :recipient_region
), before AS (
    SELECT household_id, min(lead_no) AS lead_no FROM lead WHERE period = :period AND round < :round GROUP BY household_id
), home AS (
    SELECT household_id, count(DISTINCT person_id) AS members, min(head_name_id) AS head_name_id FROM register GROUP BY household_id
), who AS (
    SELECT DISTINCT ON (household_id, person_id) household_id, person_id, name_id FROM register ORDER BY household_id, person_id
), fact AS (
    SELECT l.lead_id, string_agg(DISTINCT
        coalesce('{name:' || p.name_id || '}：', '') || c.label || coalesce(to_char(s.amount, 'FM999999990.00') || '元', '')
        || coalesce(to_char(s.fact_date, '（YYYY"年"FMMM"月"FMDD"日）"'), ''), '；') AS facts
    FROM lead l
    JOIN signal s USING (signal_key)
    JOIN word c ON c.list = 'rule' AND c.code = s.rule
    LEFT JOIN who p ON s.subject_type = 'person' AND p.person_id = s.subject AND p.household_id = l.household_id
    GROUP BY l.lead_id
)
SELECT m.lead_no, m.town, m.village, m.household_id AS household_no, h.head_name_id AS head_name, h.members,
       m.causes, coalesce('补充线索（与' || b.lead_no || '同户，一次核查）。', '') || f.facts AS facts, m.level, m.due::text AS due
FROM mine m
JOIN home h USING (household_id)
JOIN fact f USING (lead_id)
LEFT JOIN before b USING (household_id)
ORDER BY m.town, m.village NULLS FIRST, m.lead_no
