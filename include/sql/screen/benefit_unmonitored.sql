-- id: benefit_unmonitored
-- title: 新纳入低保，所在户未纳入监测
-- clauses: [ES-01, QA-03]
-- use: monitoring
-- reads:
--   register: {role: register}
--   benefit: {role: benefit, columns: [started_on]}
-- source: benefit
-- severity: yellow
-- parameters: [new_benefit_days]
WITH monitored AS (
    SELECT DISTINCT household_id FROM register WHERE monitored_category IS NOT NULL
)
SELECT b.person_id AS subject, 'other' AS cause, b.started_on::text AS occurrence,
       NULL::numeric AS amount, b.started_on AS fact_date, b.row AS row
FROM benefit b
JOIN register r USING (person_id)
WHERE CAST(:last_day AS date) - b.started_on BETWEEN 0 AND CAST(:new_benefit_days AS integer) - 1
  AND NOT EXISTS (SELECT FROM monitored h WHERE h.household_id = r.household_id)
