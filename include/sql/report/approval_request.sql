-- id: approval_request
-- title: 送审通知的内容
-- clauses: [SQ-06, SQ-13]
-- reads:
--   delivery: {view: delivery}
--   document: {view: document}
--   region: {view: region}
--   word: {view: word}
SELECT
    jsonb_build_object(
        'title', (SELECT w.label FROM word w WHERE w.list = 'recipe' AND w.code = d.recipe),
        'number', d.delivery_no, 'period', d.period, 'rows', d.rows, 'content_hash', d.rows_digest,
        'recipient', coalesce(
            (SELECT r.name FROM region r WHERE r.code = nullif(split_part(d.recipient, ':', 2), '')), '')
            || coalesce(
            (SELECT w.label FROM word w WHERE w.list = 'party' AND w.code = split_part(d.recipient, ':', 1)), '全体接收单位')
    ) AS about,
    jsonb_build_object(
        'label', (SELECT w.label FROM word w WHERE w.list = 'approval_role' AND w.code = :approval_role),
        'number', array_position(d.approvals, CAST(:approval_role AS text)), 'of', cardinality(d.approvals)
    ) AS step,
    (SELECT jsonb_agg(jsonb_build_object('name', f.name, 'bytes', f.bytes, 'sealed', f.sealing <> 'plain') ORDER BY f.name)
        FROM document f WHERE f.delivery_id = d.delivery_id) AS files
FROM delivery d WHERE d.delivery_id = :about
