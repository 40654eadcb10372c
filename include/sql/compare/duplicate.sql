-- id: duplicate
-- title: 一人登记在两户
-- finds: duplicate
-- clauses: [SQ-18, SQ-27]
-- use: monitoring
-- reads:
--   register: {role: register}
-- system_a: register
-- system_b: register
-- owner: register
-- severity: orange
SELECT a.person_id AS subject, 'household' AS field, '' AS discriminator,
       a.household_id::text AS value_a, b.household_id::text AS value_b, a.row AS row_a, b.row AS row_b
FROM register a
JOIN register b ON b.person_id = a.person_id AND b.household_id > a.household_id
