-- id: death_not_removed
-- title: 对方已登记死亡，底册仍在册
-- finds: death_not_removed
-- clauses: [SQ-12, SQ-27]
-- use: monitoring
-- reads:
--   register: {role: register}
--   roster: {role: roster, columns: [stop_reason, stop_date]}
-- system_a: register
-- system_b: roster
-- owner: register
-- severity: orange
-- parameters: [death_removal_days]
SELECT r.person_id AS subject, 'alive' AS field, '' AS discriminator,
       'listed' AS value_a, m.stop_date::text AS value_b, r.row AS row_a, m.row AS row_b
FROM register r
JOIN roster m USING (person_id)
WHERE m.stop_reason = 'died'
  AND CAST(:last_day AS date) - m.stop_date >= CAST(:death_removal_days AS integer)
