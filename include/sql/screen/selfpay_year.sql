-- id: selfpay_year
-- title: 近十二个月医疗费用个人自付累计较高
-- clauses: [QA-09, ES-01]
-- use: monitoring
-- reads:
--   register: {role: register}
--   expense: {role: expense, months: 12, columns: [settlement_no, settled_on, own_paid]}
-- source: expense
-- severity: yellow
-- parameters: [selfpay_year]
-- note: "A settlement that two increments state counts once. One signal a calendar year, however often the sum is reached."
WITH settlement AS (
    SELECT DISTINCT ON (person_id, settlement_no) person_id, settled_on, own_paid, row
    FROM expense ORDER BY person_id, settlement_no, own_paid DESC, row
)
SELECT s.person_id AS subject, 'illness' AS cause, to_char(CAST(:last_day AS date), 'YYYY') AS occurrence,
       sum(s.own_paid) AS amount, max(s.settled_on) AS fact_date,
       (array_agg(s.row ORDER BY s.own_paid DESC, s.row))[1] AS row
FROM settlement s
WHERE EXISTS (SELECT FROM register r WHERE r.person_id = s.person_id)
GROUP BY s.person_id
HAVING sum(s.own_paid) >= CAST(:selfpay_year AS numeric)
