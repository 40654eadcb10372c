-- id: disability_differs
-- title: 残疾类别或等级与残疾人证不同
-- finds: disability_differs
-- clauses: [SQ-12, ES-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   certificate: {role: certificate, columns: [category, level, status]}
-- system_a: register
-- system_b: certificate
-- owner: register
-- severity: yellow
SELECT r.person_id AS subject, 'disability' AS field, '' AS discriminator,
       r.disability AS value_a, c.category || '_' || c.level AS value_b, r.row AS row_a, c.row AS row_b
FROM register r
JOIN certificate c USING (person_id)
WHERE c.status = 'valid'
  AND c.category || '_' || c.level <> r.disability
