-- id: uninsured
-- title: 未参加基本医疗保险
-- clauses: [ZM-11, QA-03]
-- use: monitoring
-- reads:
--   register: {role: register}
--   roster: {role: roster, columns: [state, stop_reason, stop_date, insured_year]}
-- absent_from: roster
-- source: roster
-- severity: orange
-- parameters: [newborn_days]
-- note: "The dead, those who moved away or joined the army, and newborns within their term are not uninsured."
WITH insured AS (
    SELECT DISTINCT person_id FROM roster WHERE state = 'insured'
), excused AS (
    SELECT DISTINCT person_id FROM roster WHERE stop_reason IN ('died', 'moved_out', 'joined_army')
), last_seen AS (
    SELECT DISTINCT ON (person_id) person_id, stop_date, insured_year, row
    FROM roster ORDER BY person_id, stop_date DESC NULLS LAST, insured_year DESC, row_no
)
SELECT r.person_id AS subject, 'uninsured' AS cause,
       coalesce(l.stop_date::text, l.insured_year::text, to_char(CAST(:last_day AS date), 'YYYY')) AS occurrence,
       NULL::numeric AS amount, l.stop_date AS fact_date, coalesce(l.row, r.row) AS row
FROM register r
LEFT JOIN last_seen l USING (person_id)
WHERE NOT EXISTS (SELECT FROM insured i WHERE i.person_id = r.person_id)
  AND NOT EXISTS (SELECT FROM excused e WHERE e.person_id = r.person_id)
  AND NOT coalesce(CAST(:last_day AS date) - r.birth_date < CAST(:newborn_days AS integer), false)
