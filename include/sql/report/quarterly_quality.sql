-- id: quarterly_quality
-- title: 季度通报：报送和数据质量
-- clauses: [SQ-19, SQ-27, ES-06, ES-10]
-- parameters: [least_denominator]
-- reads:
--   due: {view: due}
--   submission: {view: submission}
--   intake: {view: intake}
--   issue: {view: issue}
--   word: {view: word}
-- note: "What is due is counted in parts: one month's dataset, or one region's share of it. A rate over fewer than the least denominator is not shown."
WITH part AS (
    SELECT d.dataset, d.period, d.scope, d.period = ANY(CAST(:months AS text[])) AS now, count(s.submission_id) > 0 AS here,
           coalesce(bool_or(NOT s.late), false) AS on_time, coalesce(bool_or(s.kind = 'nil'), false) AS nil,
           coalesce((array_agg(s.complete OR s.kind = 'nil' ORDER BY s.recorded_as_of DESC) FILTER (WHERE s.submission_id IS NOT NULL))[1], false) AS complete
    FROM due d LEFT JOIN submission s ON s.dataset = d.dataset AND s.period = d.period AND (d.scope IS NULL OR s.scope = d.scope)
    GROUP BY 1, 2, 3
), file AS (
    SELECT s.*, s.period = ANY(CAST(:months AS text[])) AS now
    FROM submission s JOIN (SELECT DISTINCT dataset, period FROM due) d USING (dataset, period) WHERE s.kind <> 'nil'
), counted AS (
    SELECT p.now, count(*) AS due, count(*) FILTER (WHERE here) AS here, count(*) FILTER (WHERE on_time) AS on_time,
           count(*) FILTER (WHERE nil) AS nil, count(*) FILTER (WHERE complete) AS complete FROM part p GROUP BY 1
), measured AS (
    SELECT f.now, sum(f.rows_read) AS read, sum(f.rows_quarantined) AS quarantined, sum(f.rows_unresolved) AS unresolved FROM file f GROUP BY 1
), figure AS (
    SELECT now, due, here, round(on_time::numeric / due, 6) AS timely, round(complete::numeric / due, 6) AS whole, round(here::numeric / due, 6) AS connected,
           round(1 - quarantined::numeric / nullif(read, 0), 6) AS formed,
           round(1 - unresolved::numeric / nullif(read - quarantined, 0), 6) AS exact,
           round(1 - (quarantined + unresolved)::numeric / nullif(read, 0), 6) AS valid
    FROM counted LEFT JOIN measured USING (now) WHERE here > 0 OR now
), sent AS (
    SELECT i.* FROM intake i WHERE i.period = ANY(CAST(:months AS text[]))
), worst AS (
    SELECT q.code, w.label, w.advice, p.label AS party, count(*) AS n
    FROM issue q JOIN sent i USING (arrival_id) JOIN word w ON w.list = 'row_issue' AND w.code = q.code
    JOIN word p ON p.list = 'party' AND p.code = q.party
    WHERE q.effect IN ('note', 'quarantine') AND NOT (w.about->>'settled')::boolean GROUP BY 1, 2, 3, 4 ORDER BY n DESC, q.code, p.label LIMIT 5
), dataset AS (  -- of what comes by party, a line for each
    SELECT d.label AS dataset, coalesce(o.label, d.advice) AS party, p.*, r.refused, f.read, f.quarantined,
           CASE WHEN f.read >= :least_denominator THEN round(f.quarantined::numeric / f.read, 6) END AS share
    FROM (SELECT dataset AS id, g.code AS giver, count(*) AS due, count(*) FILTER (WHERE on_time) AS on_time,
                 count(*) FILTER (WHERE here AND NOT on_time) AS late, count(*) FILTER (WHERE NOT here) AS missing
          FROM part LEFT JOIN word g ON g.list = 'party' AND g.code = part.scope WHERE now GROUP BY 1, 2) p
    JOIN word d ON d.list = 'dataset' AND d.code = p.id LEFT JOIN word o ON o.list = 'party' AND o.code = coalesce(p.giver, d.advice)
    LEFT JOIN LATERAL (SELECT count(*) AS refused FROM sent i
                       WHERE i.dataset = p.id AND i.party = coalesce(p.giver, i.party) AND i.outcome = 'refused') r ON true
    LEFT JOIN LATERAL (SELECT coalesce(sum(f.rows_read), 0) AS read, coalesce(sum(f.rows_quarantined), 0) AS quarantined
                       FROM file f WHERE f.now AND f.dataset = p.id AND f.scope = coalesce(p.giver, f.scope)) f ON true
)
SELECT
    (SELECT jsonb_build_object('due', c.due, 'on_time', c.on_time, 'late', c.here - c.on_time, 'missing', c.due - c.here, 'nil', c.nil,
        'packages', (SELECT count(*) FROM sent), 'refused', (SELECT count(*) FROM sent WHERE outcome = 'refused'),
        'plain', (SELECT count(*) FROM sent WHERE outcome <> 'refused' AND facts->>'sealing' = 'plain')) FROM counted c WHERE c.now) AS submissions,
    (SELECT jsonb_build_object('received', coalesce(m.read, 0), 'quarantined', coalesce(m.quarantined, 0), 'share', 1 - f.formed, 'change', b.formed - f.formed)
     FROM figure f LEFT JOIN measured m ON m.now LEFT JOIN figure b ON NOT b.now WHERE f.now) AS quality,
    (SELECT jsonb_build_array(
        jsonb_build_object('label', '规范性', 'now', f.formed, 'before', b.formed, 'meaning', '未被隔离的行占收到的行'),
        jsonb_build_object('label', '完整性', 'now', f.whole, 'before', b.whole, 'meaning', '报送完整的期次占应报期次'),
        jsonb_build_object('label', '准确性', 'now', f.exact, 'before', b.exact, 'meaning', '证件号码能够识别到人的行占入库的行'),
        jsonb_build_object('label', '时效性', 'now', f.timely, 'before', b.timely, 'meaning', '按时报送的期次占应报期次'))
     FROM figure f LEFT JOIN figure b ON NOT b.now WHERE f.now) AS properties,
    (SELECT jsonb_build_array(
        jsonb_build_object('label', '互通性', 'now', f.connected, 'meaning', '已收到的期次占应报期次'),
        jsonb_build_object('label', '有效性', 'now', f.valid, 'meaning', '未被隔离且能够识别到人的行占收到的行')) FROM figure f WHERE f.now) AS exchange,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', label, 'advice', advice, 'party', party, 'occurrences', n) ORDER BY n DESC, code, party) FROM worst), '[]') AS top_issues,
    coalesce((SELECT jsonb_agg(jsonb_build_object('party', party, 'dataset', dataset, 'due', due, 'on_time', on_time, 'late', late, 'missing', missing,
        'refused', refused, 'rows', read, 'quarantined', quarantined, 'share', share) ORDER BY party, id) FROM dataset), '[]') AS datasets,
    CASE WHEN (SELECT due - here FROM counted WHERE now) > 0 THEN '本季度有应报数据未到，相关比对没有全部开展，结论不完整。'
         WHEN (SELECT here - on_time FROM counted WHERE now) > 0 THEN '本季度应报数据已到齐，其中有迟报。'
         ELSE '本季度应报数据按时到齐。' END AS headline
