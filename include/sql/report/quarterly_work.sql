-- id: quarterly_work
-- title: 季度通报：整改要求
-- clauses: [SQ-17, SQ-18, SQ-19]
-- reads:
--   due: {view: due}
--   submission: {view: submission}
--   work: {view: case}
--   region: {view: region}
--   word: {view: word}
WITH mending AS (
    SELECT 1 AS place, p.label AS party, '核实更正存量比对差异' AS label, count(*) AS amount, '条' AS unit, CAST(:due_correction AS date) AS due
    FROM work w JOIN word p ON p.list = 'party' AND p.code = w.owner_party
    WHERE w.kind = 'finding' AND w.state IS DISTINCT FROM 'agreed'
      AND w.opened_period <= (CAST(:months AS text[]))[cardinality(CAST(:months AS text[]))] GROUP BY 2
), visiting AS (
    SELECT 2 AS place, r.name AS party, '完成逾期未反馈的入户核查' AS label, count(*) AS amount, '户' AS unit, CAST(:due_rectification AS date) AS due
    FROM work w JOIN region r ON r.code = w.owner_region
    WHERE w.kind = 'lead' AND coalesce(w.state, 'unanswered') = 'unanswered' AND w.due < CAST(:today AS date) GROUP BY 2
), handing_in AS (
    SELECT 3 AS place, coalesce(r.name, p.label, d.advice) AS party, '按时报送' || d.label || '（本季度迟报、未报）' AS label,
           count(*) AS amount, '期' AS unit, CAST(:due_rectification AS date) AS due
    FROM due u JOIN word d ON d.list = 'dataset' AND d.code = u.dataset
    LEFT JOIN region r ON r.code = u.scope LEFT JOIN word p ON p.list = 'party' AND p.code = coalesce(u.scope, d.advice)
    WHERE u.period = ANY(CAST(:months AS text[])) AND NOT EXISTS (
        SELECT FROM submission s WHERE s.dataset = u.dataset AND s.period = u.period AND (u.scope IS NULL OR s.scope = u.scope) AND NOT s.late)
    GROUP BY 2, 3
)
SELECT coalesce((SELECT jsonb_agg(jsonb_build_object('party', party, 'label', label, 'amount', amount, 'unit', unit, 'due', due) ORDER BY place, party, label)
    FROM (SELECT * FROM mending UNION ALL SELECT * FROM visiting UNION ALL SELECT * FROM handing_in) asked), '[]') AS requirements
