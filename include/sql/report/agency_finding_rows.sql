-- id: agency_finding_rows
-- title: 差异更正单：逐条
-- clauses: [SQ-12, SQ-17, QA-08]
-- reads:
--   finding: {view: finding}
--   work: {view: case}
--   region: {view: region}
--   register: {role: register}
--   roster: {role: roster}
--   submission: {view: submission}
--   word: {view: word}
-- note: "The register's row names person, village and household; somebody in no register is named by the roster's row."
WITH mine AS (
    SELECT f.*, w.case_id, w.opened_period FROM finding f JOIN work w USING (finding_key)
    WHERE w.owner_party = :recipient AND w.state IS DISTINCT FROM 'agreed'
), who AS (
    SELECT DISTINCT ON (person_id) person_id, household_id, name_id, region FROM register ORDER BY person_id, household_id
), listed AS (
    SELECT DISTINCT ON (person_id) person_id, name_id, region FROM roster ORDER BY person_id, row_no
), dated AS (
    SELECT dataset, max(data_date) AS data_date FROM submission WHERE period = :period GROUP BY dataset
)
SELECT upper(left(m.finding_key, 10)) AS finding_no, v.parent AS town, p.household_id AS household_no, coalesce(p.name_id, o.name_id) AS name,
       m.subject AS id_number, m.kind,
       CASE m.kind WHEN 'name_conflict' THEN '{name:' || m.value_a || '}' WHEN 'duplicate' THEN '登记在两户'
                   WHEN 'missing_here' THEN '无此人' ELSE '在册' END AS value_a,
       '底册' || coalesce(' ' || (SELECT max(data_date) FROM dated)::text, '') AS source_a,
       CASE m.kind WHEN 'name_conflict' THEN '{name:' || m.value_b || '}' WHEN 'missing_there' THEN '无此人'
                   WHEN 'missing_here' THEN coalesce(a.label, m.value_b) WHEN 'death_not_removed' THEN '死亡 ' || m.value_b
                   ELSE '—' END AS value_b,
       coalesce(d.label, m.system_b) AS source_b,
       CASE m.kind WHEN 'name_conflict' THEN '待核实' WHEN 'missing_there' THEN '待核实' ELSE '贵单位' END AS suspect
FROM mine m
LEFT JOIN who p ON p.person_id = m.subject
LEFT JOIN listed o ON o.person_id = m.subject
LEFT JOIN region v ON v.code = coalesce(p.region, o.region)
LEFT JOIN word a ON a.list = 'aid_category' AND a.code = m.value_b
LEFT JOIN word d ON d.list = 'dataset' AND d.code = m.system_b
ORDER BY m.kind, v.parent, m.finding_key
