-- id: name_conflict
-- title: 同一证件号码，两边姓名不同
-- finds: name_conflict
-- clauses: [SQ-12, SQ-18]
-- use: monitoring
-- reads:
--   register: {role: register}
--   named: {role: named}
--   variant: {view: name_variant}
-- system_a: register
-- system_b: named
-- owner: named
-- severity: yellow
-- note: "One rule for every list that states persons by name and number: bound once to each dataset that plays the role."
SELECT r.person_id AS subject, 'name' AS field, '' AS discriminator,
       r.name_id::text AS value_a, n.name_id::text AS value_b, r.row AS row_a, n.row AS row_b
FROM register r
JOIN named n USING (person_id)
WHERE n.name_id <> r.name_id
  AND NOT EXISTS (SELECT FROM variant v WHERE (v.name_a, v.name_b) = (r.name_id, n.name_id))
