-- id: verification
-- title: 入户核查结果记入案卷
-- clauses: [QA-10, ES-04, ZM-02]
-- reads:
--   returned: {dataset: town.verification}
--   lead: {view: lead}
--   work: {view: case}
-- note: "A blank conclusion stays unanswered: it is never read as 'not taken in'."
SELECT DISTINCT w.case_id,
       CASE WHEN r.outcome IS NULL THEN 'unanswered' ELSE 'visited' END AS event,
       nullif(concat_ws(':', r.outcome, r.refusal_reason), '') AS value,
       r.submission_id, r.row_no
FROM returned r
JOIN lead l ON l.lead_no = r.lead_no
JOIN work w ON w.lead_id = l.lead_id
