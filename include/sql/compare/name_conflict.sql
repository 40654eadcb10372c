-- id: name_conflict
-- title: 同一证件号码，两边姓名不同
-- finds: name_conflict
-- clauses: [SQ-12, SQ-18]
-- reads:
--   register: {role: register}
--   roster: {role: roster}
--   variant: {view: name_variant}
-- system_a: register
-- system_b: roster
-- owner: roster
-- severity: yellow
SELECT r.person_id AS subject, 'name' AS field, '' AS discriminator,
       r.name_id::text AS value_a, m.name_id::text AS value_b, r.row AS row_a, m.row AS row_b
FROM register r
JOIN roster m USING (person_id)
WHERE m.name_id <> r.name_id
  AND NOT EXISTS (SELECT FROM variant v WHERE (v.name_a, v.name_b) = (r.name_id, m.name_id))
