-- id: need_reminder
-- title: 共享需求待答复提醒的内容
-- clauses: [QA-20, HY-18]
-- parameters: [answer_notice_days]
-- reads:
--   need: {view: need}
--   delivery: {view: delivery}
-- note: "A need is called up some days before its clock ends and every day from then on, until it is answered."
WITH waiting AS (
    SELECT n.need_id, upper(left(n.need_id, 8)) AS number, n.party, CAST(d.value AS date) AS due
    FROM need n JOIN jsonb_each_text(CAST(:answer_dues AS jsonb)) d ON d.key = n.need_id
), called AS (
    SELECT * FROM waiting WHERE due - CAST(:today AS date) <= CAST(:answer_notice_days AS integer)
)
SELECT
    (SELECT count(DISTINCT d.subject_key) + 1 FROM delivery d WHERE d.recipe = 'need_reminder'
        AND split_part(d.recipient, '/', 1) = :recipient)::int AS times,
    (SELECT jsonb_agg(jsonb_build_object('label', '答复' || c.party || '的共享需求', 'number', c.number, 'amount', 1, 'unit', '件',
        'due', c.due, 'days', CAST(:today AS date) - c.due) ORDER BY c.due, c.number) FROM called c) AS tasks,
    '["视为未按时限答复，列入督办"]'::jsonb AS consequences,
    '[]'::jsonb AS copied_to
WHERE EXISTS (SELECT FROM called)
