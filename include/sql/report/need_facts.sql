-- id: need_facts
-- title: 共享需求及其答复的内容
-- clauses: [QA-01, QA-20, HY-18]
-- reads:
--   need: {view: need}
--   word: {view: word}
SELECT
    n.party, upper(left(n.need_id, 8)) AS need_no, n.requested_on, n.answered_on, n.decision = 'granted' AS granted,
    coalesce(d.label, n.dataset) AS dataset, array_to_json(n.fields) AS asked, array_to_json(n.granted) AS given,
    (SELECT w.label FROM word w WHERE w.list = 'access_mode' AND w.code = n.mode) AS mode,
    (SELECT w.label FROM word w WHERE w.list = 'use' AND w.code = n.use) AS use,
    n.purpose, n.term_from, n.term_to, rtrim(n.said, '。') || '。' AS said,
    (SELECT w.label FROM word w WHERE w.list = 'need_refusal' AND w.code = n.reason) AS reason
FROM need n LEFT JOIN word d ON d.list = 'dataset' AND d.code = n.dataset
WHERE n.need_id = :about
