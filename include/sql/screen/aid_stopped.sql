-- id: aid_stopped
-- title: 上月在低保名单，本月不在
-- clauses: [QA-09, QA-10]
-- use: monitoring
-- reads:
--   register: {role: register}
--   before: {role: benefit, previous: 1}
--   benefit: {role: benefit}
--   roster: {role: roster, columns: [stop_reason]}
-- absent_from: benefit
-- source: benefit
-- severity: orange
-- note: "Whoever died is nobody's risk. In the first month there is no earlier list, and the rule cannot speak."
SELECT b.person_id AS subject, 'other' AS cause, CAST(:period AS text) AS occurrence,
       NULL::numeric AS amount, NULL::date AS fact_date, b.row AS row
FROM before b
WHERE NOT EXISTS (SELECT FROM benefit n WHERE n.person_id = b.person_id)
  AND NOT EXISTS (SELECT FROM roster m WHERE m.person_id = b.person_id AND m.stop_reason = 'died')
  AND EXISTS (SELECT FROM register r WHERE r.person_id = b.person_id)
