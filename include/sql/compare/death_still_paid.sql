-- id: death_still_paid
-- title: 医保已登记死亡，次月起仍列在低保
-- finds: death_still_paid
-- clauses: [SQ-12, QA-08]
-- use: monitoring
-- reads:
--   roster: {role: roster, columns: [stop_reason, stop_date]}
--   benefit: {role: benefit}
-- system_a: roster
-- system_b: benefit
-- owner: benefit
-- severity: orange
-- note: "Of everybody on the list, also of people in no register."
SELECT b.person_id AS subject, 'alive' AS field, '' AS discriminator,
       m.stop_date::text AS value_a, 'listed' AS value_b, m.row AS row_a, b.row AS row_b
FROM benefit b
JOIN roster m USING (person_id)
WHERE m.stop_reason = 'died'
  AND m.stop_date < CAST(:first_day AS date)
