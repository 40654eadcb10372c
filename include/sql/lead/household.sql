-- id: household
-- title: 按户归并线索
-- clauses: [QA-18, ES-03, ES-08]
-- reads:
--   signal: {view: signal}
--   lead: {view: lead}
--   register: {role: register}
--   region: {view: region}
-- note: "A signal that an earlier lead already carries is not raised again; two causes raise the level by one; a household whose
--   place is not known is the hub's own."
WITH fresh AS (
    SELECT s.* FROM signal s
    WHERE NOT EXISTS (SELECT FROM lead l WHERE l.signal_key = s.signal_key)
), placed AS (
    SELECT f.signal_key, f.cause, f.severity, f.subject AS household_id
    FROM fresh f WHERE f.subject_type = 'household'
    UNION
    SELECT f.signal_key, f.cause, f.severity, r.household_id
    FROM fresh f JOIN register r ON r.person_id = f.subject WHERE f.subject_type = 'person'
), merged AS (
    SELECT household_id, array_agg(DISTINCT cause ORDER BY cause) AS causes,
           array_agg(DISTINCT signal_key ORDER BY signal_key) AS signals,
           max(CASE severity WHEN 'red' THEN 3 WHEN 'orange' THEN 2 ELSE 1 END) AS gravest
    FROM placed GROUP BY household_id
), home AS (
    SELECT household_id, min(region) AS region FROM register GROUP BY household_id
)
SELECT m.household_id, coalesce(h.region, (SELECT min(code) FROM region WHERE parent IS NULL)) AS region, m.causes, m.signals,
       CASE least(3, m.gravest + CASE WHEN cardinality(m.causes) > 1 THEN 1 ELSE 0 END)
           WHEN 3 THEN 'red' WHEN 2 THEN 'orange' ELSE 'yellow' END AS level
FROM merged m
JOIN home h USING (household_id)
