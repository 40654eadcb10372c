-- id: benefit_duplicate
-- title: 一人列在两户低保
-- finds: benefit_duplicate
-- clauses: [SQ-12, SQ-18]
-- use: monitoring
-- reads:
--   benefit: {role: benefit}
-- system_a: benefit
-- system_b: benefit
-- owner: benefit
-- severity: orange
SELECT a.person_id AS subject, 'household' AS field, '' AS discriminator,
       a.household_id::text AS value_a, b.household_id::text AS value_b, a.row AS row_a, b.row AS row_b
FROM benefit a
JOIN benefit b ON b.person_id = a.person_id AND b.household_id > a.household_id
