-- id: issue_details
-- title: 问题簿：逐行明细
-- clauses: [QA-08, DC-04]
-- reads:
--   issue: {view: issue}
--   word: {view: word}
SELECT coalesce(nullif(q.sheet, ''), '数据') AS sheet, coalesce(q.row_no::text, '—') AS "row",
       coalesce(c.label, q.column_name, '—') AS "column", q.code, w.label AS issue, e.label AS effect, w.advice AS todo
FROM issue q
LEFT JOIN word c ON c.list = 'column:' || q.dataset AND c.code = q.column_name
LEFT JOIN word w ON w.list = 'row_issue' AND w.code = q.code
LEFT JOIN word e ON e.list = 'effect' AND e.code = q.effect
WHERE q.arrival_id = :arrival AND q.effect <> 'repair'
ORDER BY q.effect = 'note', q.row_no NULLS FIRST, q.ordinal
