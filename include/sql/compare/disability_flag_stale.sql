-- id: disability_flag_stale
-- title: 底册登记残疾，没有有效残疾人证
-- finds: disability_flag_stale
-- clauses: [SQ-12, ES-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   certificate: {role: certificate, columns: [status]}
-- absent_from: certificate
-- system_a: register
-- system_b: certificate
-- owner: register
-- severity: yellow
-- note: "A certificate that was cancelled or has expired is none; it is told as what the other side says."
SELECT r.person_id AS subject, 'disability' AS field, '' AS discriminator,
       r.disability AS value_a, c.status AS value_b, r.row AS row_a, c.row AS row_b
FROM register r
LEFT JOIN certificate c USING (person_id)
WHERE r.disability IS NOT NULL
  AND NOT EXISTS (SELECT FROM certificate v WHERE v.person_id = r.person_id AND v.status = 'valid')
