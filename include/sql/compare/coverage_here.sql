-- id: coverage_here
-- title: 对方按登记人员资助，而登记底册没有此人
-- finds: missing_here
-- clauses: [SQ-12, QA-12]
-- use: monitoring
-- reads:
--   register: {role: register}
--   roster: {role: roster, columns: [state, aid_category]}
-- absent_from: register
-- system_a: register
-- system_b: roster
-- owner: roster
-- severity: orange
SELECT m.person_id AS subject, 'person' AS field, '' AS discriminator,
       NULL AS value_a, m.aid_category AS value_b, NULL::jsonb AS row_a, m.row AS row_b
FROM roster m
WHERE m.state = 'insured'
  AND m.aid_category IN ('alleviated', 'monitored')
  AND NOT EXISTS (SELECT FROM register r WHERE r.person_id = m.person_id)
