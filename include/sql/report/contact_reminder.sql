-- id: contact_reminder
-- title: 联系人名单催报的内容
-- clauses: [ZM-09]
-- parameters: [contact_list_days, reminder_days]
-- reads:
--   submission: {view: submission}
--   delivery: {view: delivery}
--   word: {view: word}
-- note: "Whoever was called for a list of contacts and has not handed it in by the day told is chased until it is in."
WITH called AS (
    SELECT d.label, min(c.recorded_as_of AT TIME ZONE CAST(:zone AS text))::date + CAST(:contact_list_days AS integer) AS due
    FROM word p JOIN word d ON d.list = 'dataset' AND d.code = p.code AND d.about->'roles' ? 'contacts'
    JOIN delivery c ON c.recipe = 'call_for_contacts' AND c.recipient = :recipient
    WHERE p.list = 'provision' AND p.label = :recipient AND NOT EXISTS (
        SELECT FROM submission l WHERE l.dataset = d.code AND l.scope = :recipient AND l.kind <> 'nil'
          AND l.recorded_as_of >= c.recorded_as_of)
    GROUP BY d.label
), before AS (
    SELECT r.recorded_as_of FROM delivery r WHERE r.recipe = 'contact_reminder' AND r.recipient = :recipient
)
SELECT
    (SELECT count(*) + 1 FROM before)::int AS times,
    jsonb_build_array(jsonb_build_object('label', '报送《' || label || '》', 'number', NULL, 'amount', 1, 'unit', '份',
        'due', due, 'days', CAST(:today AS date) - due)) AS tasks,
    '["联系人没有备案的，所报数据不予接收"]'::jsonb AS consequences,
    '[]'::jsonb AS copied_to
FROM called
WHERE due < CAST(:today AS date) AND NOT EXISTS (SELECT FROM before b
    WHERE b.recorded_as_of > CAST(:as_of AS timestamptz) - make_interval(days => CAST(:reminder_days AS integer)))
