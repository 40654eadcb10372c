-- id: coverage_there
-- title: 登记人员不在对方名册
-- finds: missing_there
-- clauses: [SQ-12, QA-12]
-- use: monitoring
-- reads:
--   register: {role: register}
--   roster: {role: roster}
-- absent_from: roster
-- system_a: register
-- system_b: roster
-- owner: roster
-- severity: orange
-- note: "One coverage rule for every roster: bound once to each dataset that plays the role."
SELECT r.person_id AS subject, 'person' AS field, '' AS discriminator,
       'listed' AS value_a, NULL AS value_b, r.row AS row_a, NULL::jsonb AS row_b
FROM register r
WHERE NOT EXISTS (SELECT FROM roster m WHERE m.person_id = r.person_id)
