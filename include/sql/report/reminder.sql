-- id: reminder
-- title: 办理事项提醒的内容
-- clauses: [ES-06, ZM-02, ZM-12]
-- parameters: [reminder_days]
-- reads:
--   work: {view: case}
--   delivery: {view: delivery}
WITH overdue AS (
    SELECT w.opened_period, w.due, count(*) AS households FROM work w
    WHERE w.kind = 'lead' AND w.owner_party = :recipient AND w.owner_region = :recipient_region
      AND coalesce(w.state, 'unanswered') = 'unanswered' AND w.due < CAST(:today AS date)
    GROUP BY 1, 2
)
SELECT
    (SELECT count(DISTINCT d.subject_key) + 1 FROM delivery d WHERE d.recipe = 'reminder'
        AND d.recipient = :recipient || ':' || :recipient_region)::int AS times,
    (SELECT jsonb_agg(jsonb_build_object('label', o.opened_period || '期线索入户核查', 'number', NULL, 'amount', o.households, 'unit', '户',
        'due', o.due, 'days', CAST(:today AS date) - o.due) ORDER BY o.due) FROM overdue o) AS tasks,
    '["按逾期户数列入月度报告逾期清单"]'::jsonb AS consequences,
    '[]'::jsonb AS copied_to
WHERE EXISTS (SELECT FROM overdue)
  AND NOT EXISTS (SELECT FROM delivery d WHERE d.recipe = 'reminder' AND d.recipient = :recipient || ':' || :recipient_region
                  AND d.recorded_as_of > CAST(:as_of AS timestamptz) - make_interval(days => CAST(:reminder_days AS integer)))
