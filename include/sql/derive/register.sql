-- id: register
-- title: 登记底册（由全国系统的导出得来）
-- produces: hub.register
-- role: register
-- clauses: [QA-02, SQ-16]
-- reads:
--   person: {dataset: hub.alleviated_person}
SELECT row, row_no, submission_id, person_id, household_id, name_id, head_name_id, region, relation, sex, birth_date,
       labour_skill, health, dibao, disability, household_type, monitored_category, risk_cleared
FROM person
