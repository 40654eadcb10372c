-- id: benefit_not_flagged
-- title: 低保名单有此人，底册未标识低保
-- finds: benefit_not_flagged
-- clauses: [SQ-12, ES-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   benefit: {role: benefit, columns: [started_on]}
-- system_a: register
-- system_b: benefit
-- owner: register
-- severity: yellow
-- note: "Whoever was taken in this month has the month as grace: the register is brought up to date by its end."
SELECT r.person_id AS subject, 'dibao' AS field, '' AS discriminator,
       NULL AS value_a, b.started_on::text AS value_b, r.row AS row_a, b.row AS row_b
FROM register r
JOIN benefit b USING (person_id)
WHERE r.dibao IS NOT TRUE
  AND b.started_on < CAST(:first_day AS date)
