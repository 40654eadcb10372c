-- id: high_selfpay
-- title: 当月医疗费用个人自付较高
-- clauses: [ES-01, QA-09]
-- use: monitoring
-- reads:
--   register: {role: register}
--   expense: {role: expense, columns: [settled_on, own_paid]}
-- source: expense
-- severity: orange
-- parameters: [selfpay_month]
-- note: "All of a person's settlements of the month together, are over the line, not at it (超过); the row is that of the largest."
SELECT e.person_id AS subject, 'illness' AS cause, CAST(:period AS text) AS occurrence,
       sum(e.own_paid) AS amount, max(e.settled_on) AS fact_date,
       (array_agg(e.row ORDER BY e.own_paid DESC, e.row))[1] AS row
FROM expense e
WHERE e.settled_on BETWEEN CAST(:first_day AS date) AND CAST(:last_day AS date)
  AND EXISTS (SELECT FROM register r WHERE r.person_id = e.person_id)
GROUP BY e.person_id
HAVING sum(e.own_paid) > CAST(:selfpay_month AS numeric)
