-- id: lost_supporter
-- title: 主要劳动力死亡，户内再无劳动力
-- subject: household
-- clauses: [QA-09, ES-01]
-- use: monitoring
-- reads:
--   register: {role: register}
--   roster: {role: roster, columns: [stop_reason, stop_date]}
--   unresolved: {role: register, unresolved: true}
-- source: roster
-- severity: red
-- parameters: [able_left]
-- note: "A member whose number cannot be resolved is taken to live: nobody is raised because of a misprint."
WITH died AS (
    SELECT DISTINCT ON (person_id) person_id, stop_date, row
    FROM roster
    WHERE stop_reason = 'died' AND stop_date <= CAST(:last_day AS date)
    ORDER BY person_id, stop_date DESC
), member AS (
    SELECT r.household_id, d.stop_date, d.row, coalesce(r.labour_skill IN ('skilled', 'ordinary'), false) AS able
    FROM register r LEFT JOIN died d USING (person_id)
), household AS (
    SELECT household_id,
           count(*) FILTER (WHERE stop_date IS NULL) AS living,
           count(*) FILTER (WHERE stop_date IS NULL AND able) AS able_left
    FROM member GROUP BY household_id
), supporter AS (
    SELECT DISTINCT ON (household_id) household_id, stop_date, row
    FROM member WHERE able AND stop_date IS NOT NULL
    ORDER BY household_id, stop_date DESC
)
SELECT s.household_id AS subject, 'labour' AS cause, s.stop_date::text AS occurrence,
       NULL::numeric AS amount, s.stop_date AS fact_date, s.row AS row
FROM supporter s
JOIN household h USING (household_id)
WHERE h.living > 0
  AND h.able_left + (SELECT count(*) FROM unresolved u WHERE u.household_id = s.household_id AND u.labour_skill IN ('skilled', 'ordinary'))
      <= CAST(:able_left AS integer)
