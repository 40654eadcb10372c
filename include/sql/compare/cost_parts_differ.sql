-- id: cost_parts_differ
-- title: 医疗费用各项之和与总费用不符
-- finds: cost_parts_differ
-- clauses: [QA-08, QA-15]
-- use: monitoring
-- reads:
--   expense: {role: expense, months: 12, columns: [settlement_no, total, basic_paid, serious_paid, aid_paid, own_paid]}
-- system_a: expense
-- system_b: expense
-- owner: expense
-- severity: yellow
-- parameters: [cost_parts_tolerance]
-- note: "Of everybody's settlements; a month's settlements come once, so a wrong one is found again until its month is amended."
WITH settlement AS (
    SELECT e.*, coalesce(e.basic_paid, 0) + coalesce(e.serious_paid, 0) + coalesce(e.aid_paid, 0)
                + coalesce(e.own_paid, 0) AS parts
    FROM expense e
)
SELECT s.person_id AS subject, 'own_paid' AS field, s.settlement_no AS discriminator,
       s.total::text AS value_a, s.parts::text AS value_b, s.row AS row_a, s.row AS row_b
FROM settlement s
WHERE abs(s.total - s.parts) > CAST(:cost_parts_tolerance AS numeric)
