-- id: receipt
-- title: 数据接收回执的内容
-- clauses: [QA-04, QA-08, DC-04]
-- reads:
--   intake: {view: intake}
--   arrival: {view: arrival}
--   submission: {view: submission}
--   issue: {view: issue}
--   word: {view: word}
WITH this AS (
    SELECT i.*, a.package_hash, a.form, i.facts->>'sealing' = 'plain' AS plaintext,
           coalesce((i.facts->>'quarantined')::int, 0) AS quarantined, coalesce((i.facts->>'late')::boolean, false) AS late
    FROM intake i JOIN arrival a USING (arrival_id) WHERE i.arrival_id = :arrival
), own AS (
    SELECT s.* FROM submission s JOIN this t ON s.submission_id = t.submission_id
), before AS (
    SELECT p.* FROM submission p JOIN own s ON p.dataset = s.dataset AND p.scope = s.scope AND p.period < s.period
    ORDER BY p.period DESC, p.recorded_as_of DESC LIMIT 1
), place AS (
    SELECT q.code, coalesce(c.label, q.column_name, '整份文件') AS column_title, coalesce(nullif(q.sheet, ''), '数据') AS sheet,
           count(*) AS occurrences, bool_or(q.effect = 'quarantine') AS set_aside,
           CASE WHEN count(q.row_no) = 0 THEN '整份文件'
                ELSE '第' || array_to_string((array_agg(q.row_no ORDER BY q.row_no))[1:3], '、') || '行'
                     || CASE WHEN count(*) > 3 THEN '等' ELSE '' END END AS rows
    FROM issue q JOIN this t USING (arrival_id)
    LEFT JOIN word c ON c.list = 'column:' || t.dataset AND c.code = q.column_name
    WHERE q.effect IN ('note', 'quarantine') GROUP BY 1, 2, 3
), worst AS (
    SELECT p.*, w.label, w.advice, coalesce((w.about->>'settled')::boolean, false) AS settled FROM place p LEFT JOIN word w ON w.list = 'row_issue' AND w.code = p.code
    ORDER BY settled, p.set_aside DESC, p.occurrences DESC, p.code LIMIT 5
), mended AS (
    SELECT q.code, w.label, count(*) AS rows FROM issue q JOIN this t USING (arrival_id)
    LEFT JOIN word w ON w.list = 'row_issue' AND w.code = q.code WHERE q.effect = 'repair' GROUP BY 1, 2
)
SELECT
    jsonb_build_object('code', CASE WHEN t.late AND t.outcome <> 'duplicate' THEN t.outcome || '+late' ELSE t.outcome END,
        'label', o.label || CASE WHEN t.late AND t.outcome <> 'duplicate' THEN '（迟报）' ELSE '' END,
        'sentence', CASE t.outcome
            WHEN 'accepted' THEN '全部行已入库。'
            WHEN 'partly_accepted' THEN '可用的行已入库，有问题的行已隔离，请订正后重新报送。'
            WHEN 'nil' THEN '已登记零报告，本期无数据可报。'
            ELSE '与先前收到的文件完全相同，未重复入库，仍以先前一份为准。' END) AS conclusion,
    jsonb_build_object('dataset', d.label, 'period', t.period, 'data_date', s.data_date, 'arrived_at', t.arrived_at AT TIME ZONE CAST(:zone AS text),
        'channel', ch.label, 'plaintext', coalesce(t.plaintext, false), 'sha256', t.package_hash,
        'sealings', (SELECT jsonb_agg(s.label ORDER BY s.label) FROM word p JOIN word s ON s.list = 'sealing' AND s.code = p.advice
                     WHERE p.list = 'provision' AND (p.code, p.label) = (t.dataset, t.party) AND s.code <> 'plain')) AS package,
    jsonb_build_object('read', coalesce(s.rows_read, 0), 'accepted', coalesce(s.rows_accepted, 0), 'quarantined', coalesce(s.rows_quarantined, t.quarantined),
        'share', CASE WHEN s.rows_read > 0 THEN round(s.rows_quarantined::numeric / s.rows_read, 6) END) AS rows,
    (SELECT jsonb_build_object('period', b.period, 'read', b.rows_read, 'accepted', b.rows_accepted) FROM before b) AS previous,
    coalesce((SELECT jsonb_agg(coalesce(c.label, q.column_name) ORDER BY q.ordinal) FROM issue q
              LEFT JOIN word c ON c.list = 'column:' || t.dataset AND c.code = q.column_name
              WHERE q.arrival_id = t.arrival_id AND q.code IN ('column_dropped', 'field_outside')), '[]') AS dropped_columns,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', m.label, 'rows', m.rows) ORDER BY m.rows DESC, m.code) FROM mended m), '[]') AS repairs,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', coalesce(w.label, w.code), 'sheet', w.sheet, 'rows', w.rows,
        'column', w.column_title, 'occurrences', w.occurrences, 'todo', w.advice) ORDER BY w.settled, w.set_aside DESC, w.occurrences DESC, w.code) FROM worst w), '[]') AS issues,
    CASE WHEN t.quarantined > 0 THEN CAST(:due_correction AS date) END AS due,
    coalesce((SELECT jsonb_build_array('下列比对可能不能进行：' || string_agg('“' || n.label || '”', '、' ORDER BY n.code)) FROM word n
              WHERE n.list = 'needs' AND n.advice = t.dataset HAVING count(*) > 0), '[]') AS consequences,
    EXISTS (SELECT FROM worst w WHERE NOT w.settled) AS todo,
    coalesce(d.label, '未能识别的数据') AS dataset, t.package_hash AS sha256,
    to_char(t.arrived_at AT TIME ZONE CAST(:zone AS text), 'YYYY-MM-DD HH24:MI') AS arrived_at
FROM this t
JOIN word o ON o.list = 'intake_outcome' AND o.code = t.outcome
JOIN word d ON d.list = 'dataset' AND d.code = t.dataset
JOIN word ch ON ch.list = 'channel' AND ch.code = t.channel
LEFT JOIN own s ON true
