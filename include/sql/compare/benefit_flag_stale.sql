-- id: benefit_flag_stale
-- title: 底册标识低保，低保名单无此人
-- finds: benefit_flag_stale
-- clauses: [SQ-12, ES-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   benefit: {role: benefit}
-- absent_from: benefit
-- system_a: register
-- system_b: benefit
-- owner: register
-- severity: yellow
SELECT r.person_id AS subject, 'dibao' AS field, '' AS discriminator,
       'flagged' AS value_a, NULL AS value_b, r.row AS row_a, NULL::jsonb AS row_b
FROM register r
WHERE r.dibao
  AND NOT EXISTS (SELECT FROM benefit b WHERE b.person_id = r.person_id)
