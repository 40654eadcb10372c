-- id: need_rows
-- title: 按需求提供的登记底册：逐人
-- clauses: [QA-01, QA-02]
-- reads:
--   register: {role: register}
--   region: {view: region}
-- note: "Only what the hub's own register states; what other agencies answer for (health, disability, allowances) is theirs to give. Columns that were not granted are left out of the workbook."
WITH place AS (
    SELECT code, CASE WHEN level = :finest_level THEN parent ELSE code END AS town, CASE WHEN level = :finest_level THEN code END AS village
    FROM region
)
SELECT p.town, p.village, r.household_id AS household_no, r.head_name_id AS head_name, r.name_id AS name, r.person_id AS id_no, r.relation,
       r.sex AS sex_stated, r.birth_date AS birth_stated, r.household_type, r.monitored_category,
       CASE r.risk_cleared WHEN true THEN '是' WHEN false THEN '否' END AS risk_cleared
FROM register r LEFT JOIN place p ON p.code = r.region
ORDER BY p.town, p.village NULLS FIRST, r.household_id, r.row_no
