-- id: need_figures
-- title: 按需求提供的统计数：分乡镇
-- clauses: [QA-01, QA-20]
-- parameters: [least_denominator]
-- reads:
--   register: {role: register}
--   region: {view: region}
-- note: "A number so small that somebody could be recognised is not told."
WITH place AS (
    SELECT code, CASE WHEN level = :finest_level THEN parent ELSE code END AS town FROM region
), counted AS (
    SELECT p.town, count(DISTINCT r.household_id) AS households, count(DISTINCT r.person_id) AS persons,
           count(DISTINCT r.household_id) FILTER (WHERE r.monitored_category IS NOT NULL) AS monitored
    FROM register r LEFT JOIN place p ON p.code = r.region GROUP BY 1
)
SELECT town, n.households, n.persons, n.monitored
FROM counted c CROSS JOIN LATERAL (
    SELECT max(told) FILTER (WHERE item = 1) AS households, max(told) FILTER (WHERE item = 2) AS persons, max(told) FILTER (WHERE item = 3) AS monitored
    FROM (SELECT item, CASE WHEN number BETWEEN 1 AND CAST(:least_denominator AS integer) - 1 THEN '不足' || CAST(:least_denominator AS integer)
                            ELSE number::text END AS told
          FROM (VALUES (1, c.households), (2, c.persons), (3, c.monitored)) v(item, number)) t
) n ORDER BY town
