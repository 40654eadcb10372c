-- id: disability_not_flagged
-- title: 有有效残疾人证，底册未登记残疾
-- finds: disability_not_flagged
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
       NULL AS value_a, c.category || '_' || c.level AS value_b, r.row AS row_a, c.row AS row_b
FROM register r
JOIN certificate c USING (person_id)
WHERE r.disability IS NULL
  AND c.status = 'valid'
