-- id: agency_finding_rows
-- title: 差异更正单：逐条
-- clauses: [SQ-12, SQ-17, QA-08]
-- reads:
--   finding: {view: finding}
--   work: {view: case}
--   region: {view: region}
--   register: {role: register}
--   named: {role: named, together: true, columns: [name_id, region]}
--   expense: {role: expense, together: true, months: 12, columns: [name_id, region]}
--   submission: {view: submission}
--   word: {view: word}
-- note: "The register names person, village and household; whoever is in no register is named by a list that has the person.
--   An amount (*元) has two decimals.
--   How a kind's values are told is said in its dictionary: before the bar with the value for *, behind it where there is none."
WITH mine AS (
    SELECT f.*, coalesce(k.about->>'value_a', '*|—') AS told_a, coalesce(k.about->>'value_b', '*|—') AS told_b, k.about->>'suspect' AS suspect,
           CASE WHEN k.about->>'value_a' LIKE '%*元%' THEN to_char(f.value_a::numeric, 'FM999999999990.00') ELSE translate(f.value_a, '{}', '') END AS shown_a,
           CASE WHEN k.about->>'value_b' LIKE '%*元%' THEN to_char(f.value_b::numeric, 'FM999999999990.00') ELSE translate(f.value_b, '{}', '') END AS shown_b
    FROM finding f JOIN work w USING (finding_key)
    LEFT JOIN word k ON k.list = 'finding_kind' AND k.code = f.kind
    WHERE w.owner_party = :recipient AND w.state IS DISTINCT FROM 'agreed'
), who AS (
    SELECT DISTINCT ON (person_id) person_id, household_id, name_id, region FROM register ORDER BY person_id, household_id
), listed AS (
    SELECT DISTINCT ON (person_id) person_id, name_id, region
    FROM (SELECT 1 AS place, * FROM named UNION ALL SELECT 2, * FROM expense) l
    WHERE person_id IN (SELECT subject FROM mine) ORDER BY person_id, place, row
), source AS (
    SELECT d.code, regexp_replace(d.label, '（.*', '') || coalesce(' ' || max(s.data_date), '') AS told
    FROM word d LEFT JOIN submission s ON s.dataset = coalesce(d.about->>'made_of', d.code) AND s.period = :period
    WHERE d.list = 'dataset' GROUP BY d.code, d.label
), place AS (
    SELECT code, CASE WHEN level = :finest_level THEN parent ELSE code END AS town FROM region
)
SELECT upper(left(m.finding_key, 10)) AS finding_no, v.town, p.household_id AS household_no, coalesce(p.name_id, o.name_id) AS name,
       m.subject AS id_number, m.kind, nullif(m.discriminator, '') AS item,
       CASE WHEN m.value_a IS NULL THEN split_part(m.told_a, '|', 2)
            ELSE replace(split_part(m.told_a, '|', 1), '*', m.shown_a) END AS value_a,
       a.told AS source_a,
       CASE WHEN m.value_b IS NULL THEN split_part(m.told_b, '|', 2)
            ELSE replace(split_part(m.told_b, '|', 1), '*', m.shown_b) END AS value_b,
       b.told AS source_b,
       coalesce(m.suspect, '待核实') AS suspect
FROM mine m
LEFT JOIN who p ON p.person_id = m.subject
LEFT JOIN listed o ON o.person_id = m.subject
LEFT JOIN place v ON v.code = coalesce(p.region, o.region)
LEFT JOIN source a ON a.code = m.system_a
LEFT JOIN source b ON b.code = m.system_b
ORDER BY m.kind, v.town, m.finding_key
