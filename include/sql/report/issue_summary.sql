-- id: issue_summary
-- title: 问题簿：汇总
-- clauses: [QA-08, DC-04]
-- reads:
--   intake: {view: intake}
--   issue: {view: issue}
--   word: {view: word}
WITH noticed AS (
    SELECT code, effect, count(*) AS occurrences FROM issue WHERE arrival_id = :arrival AND effect <> 'repair' GROUP BY 1, 2
    UNION ALL
    SELECT reason, 'refuse', 1 FROM intake WHERE arrival_id = :arrival AND outcome = 'refused'
)
SELECT n.code, w.label AS issue, e.label AS effect, n.occurrences, w.advice AS todo
FROM noticed n
LEFT JOIN word w ON w.list = 'row_issue' AND w.code = n.code
LEFT JOIN word e ON e.list = 'effect' AND e.code = n.effect
ORDER BY n.effect = 'note', n.occurrences DESC, n.code
