-- id: call_for_contacts
-- title: 联系人名单报送通知的内容
-- clauses: [ZM-09, QA-17]
-- parameters: [contact_list_days]
-- reads:
--   submission: {view: submission}
--   delivery: {view: delivery}
--   word: {view: word}
-- note: "Whoever gives lists of contacts is asked for one when none of the months that one speaks for is there, until it is overdue; then the reminder takes over."
WITH asked AS (
    SELECT d.code, d.label, s.label AS sealing, (SELECT max(l.recorded_as_of) FROM submission l
        WHERE l.dataset = d.code AND l.scope = :recipient AND l.kind <> 'nil') AS came, (d.about->>'months')::int AS months
    FROM word p JOIN word d ON d.list = 'dataset' AND d.code = p.code AND d.about->'roles' ? 'contacts'
    JOIN word s ON s.list = 'sealing' AND s.code = p.advice
    WHERE p.list = 'provision' AND p.label = :recipient
), called AS (
    SELECT a.*, coalesce((SELECT min(d.recorded_as_of AT TIME ZONE CAST(:zone AS text))::date FROM delivery d
        WHERE d.recipe = 'call_for_contacts' AND d.recipient = :recipient AND d.recorded_as_of > coalesce(a.came, '-infinity')),
        CAST(:today AS date)) + CAST(:contact_list_days AS integer) AS due
    FROM asked a WHERE a.came IS NULL OR a.came < CAST(:as_of AS timestamptz) - make_interval(months => a.months)
)
SELECT label AS dataset, string_agg(sealing, '或者' ORDER BY sealing) AS sealing, due::text AS due
FROM called WHERE due >= CAST(:today AS date) GROUP BY label, due
