-- id: monthly_leads
-- title: 月度报告：线索核查、逾期和下月重点
-- clauses: [ES-05, ZM-12, QA-18]
-- parameters: [visit_cells]
-- reads:
--   lead: {view: lead}
--   work: {view: case}
--   register: {role: register}
--   region: {view: region}
--   word: {view: word}
WITH raised AS (
    SELECT DISTINCT l.lead_id, l.household_id, l.level, l.causes FROM lead l WHERE l.period = :period
), answered AS (
    SELECT w.*, split_part(w.outcome, ':', 1) AS conclusion, nullif(split_part(w.outcome, ':', 2), '') AS why,
           coalesce(w.state, 'unanswered') = 'unanswered' AS pending, w.due < CAST(:today AS date) AS past
    FROM work w WHERE w.kind = 'lead' AND w.opened_period = :period
), late AS (
    SELECT coalesce(r.name, '待认领') AS party, w.opened_period || '期线索入户核查' AS label, count(*) AS amount, max(CAST(:today AS date) - w.due) AS days
    FROM work w LEFT JOIN region r ON r.code = w.owner_region
    WHERE w.kind = 'lead' AND coalesce(w.state, 'unanswered') = 'unanswered' AND w.due < CAST(:today AS date) GROUP BY 1, 2
    UNION ALL
    SELECT p.label, '比对差异核实更正', count(*), max(CAST(:today AS date) - w.due)
    FROM work w JOIN word p ON p.list = 'party' AND p.code = w.owner_party
    WHERE w.kind = 'finding' AND w.state IS DISTINCT FROM 'agreed' AND w.due < CAST(:today AS date) GROUP BY 1, 2
), handed_out AS (
    SELECT opened_period = :period AS now FROM work WHERE kind = 'lead' AND owner_region IS NOT NULL
    AND opened_period IN (:period, to_char(CAST(:first_day AS date) - 1, 'YYYY-MM'))
), unplaced AS (
    SELECT DISTINCT l.lead_no, v.label AS level, w.due,
           (SELECT string_agg(c.label, '、' ORDER BY c.code) FROM word c WHERE c.list = 'risk_cause' AND c.code = ANY(l.causes)) AS causes
    FROM lead l JOIN work w USING (lead_id) JOIN word v ON v.list = 'level' AND v.code = l.level
    WHERE w.owner_region IS NULL AND coalesce(w.state, 'unanswered') = 'unanswered'
)
SELECT
    (SELECT jsonb_build_object('households', (SELECT count(*) FROM raised),
        'persons', (SELECT count(DISTINCT r.person_id) FROM register r JOIN raised USING (household_id)),
        'checked', count(*) FILTER (WHERE NOT pending), 'pending', count(*) FILTER (WHERE pending),
        'overdue', count(*) FILTER (WHERE pending AND past), 'taken_in', count(*) FILTER (WHERE conclusion = 'take_in'),
        'not_taken_in', count(*) FILTER (WHERE conclusion = 'not_taken_in'), 'referred', count(*) FILTER (WHERE conclusion = 'refer'),
        'rest', count(*) FILTER (WHERE conclusion IN ('already_monitored', 'unreachable'))) FROM answered) AS leads,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', w.label, 'households', g.n) ORDER BY g.level <> 'red', g.level <> 'orange')
        FROM (SELECT level, count(*) AS n FROM raised GROUP BY 1) g JOIN word w ON w.list = 'level' AND w.code = g.level), '[]') AS lead_levels,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', w.label, 'households', g.n) ORDER BY g.n DESC, g.code)
        FROM (SELECT c.code, count(*) AS n FROM raised, unnest(causes) AS c(code) GROUP BY 1) g
        JOIN word w ON w.list = 'risk_cause' AND w.code = g.code), '[]') AS lead_causes,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', w.label, 'households', g.n) ORDER BY g.n DESC, g.why)
        FROM (SELECT why, count(*) AS n FROM answered WHERE why IS NOT NULL GROUP BY 1) g
        JOIN word w ON w.list = 'refusal_reason' AND w.code = g.why), '[]') AS refusal_reasons,
    coalesce((SELECT jsonb_agg(jsonb_build_object('party', party, 'label', label, 'amount', amount, 'days', days) ORDER BY days DESC, party, label) FROM late), '[]') AS overdue,
    coalesce((SELECT jsonb_agg(jsonb_build_object('lead_no', lead_no, 'level', level, 'causes', causes, 'due', due) ORDER BY lead_no) FROM unplaced), '[]') AS unplaced,
    jsonb_build_array('督促各地在核查截止日前反馈入户核查结果。', '督促责任单位核实更正比对差异，下期数据到后再次比对。',
        '督促应报单位在每月交换窗口内报送完整数据。') AS next_steps,
    (SELECT jsonb_build_object('households', count(*) FILTER (WHERE now), 'columns', CAST(:visit_cells AS integer),
        'cells', count(*) FILTER (WHERE now) * CAST(:visit_cells AS integer),
        'previous', nullif(count(*) FILTER (WHERE NOT now), 0) * CAST(:visit_cells AS integer)) FROM handed_out) AS burden
