-- id: newly_disabled
-- title: 新办残疾人证（重度，或者智力、精神残疾）
-- clauses: [ES-01, HY-05, QA-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   certificate: {role: certificate, columns: [category, level, status, issued_on]}
-- source: certificate
-- severity: orange
-- parameters: [new_certificate_days, severe_levels, mind_categories, mind_levels]
SELECT c.person_id AS subject, 'disability' AS cause, c.issued_on::text AS occurrence,
       NULL::numeric AS amount, c.issued_on AS fact_date, c.row AS row
FROM certificate c
WHERE c.status = 'valid'
  AND CAST(:last_day AS date) - c.issued_on BETWEEN 0 AND CAST(:new_certificate_days AS integer) - 1
  AND (c.level = ANY(CAST(:severe_levels AS text[]))
       OR c.category = ANY(CAST(:mind_categories AS text[])) AND c.level = ANY(CAST(:mind_levels AS text[])))
  AND EXISTS (SELECT FROM register r WHERE r.person_id = c.person_id)
