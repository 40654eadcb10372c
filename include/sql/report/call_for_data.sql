-- id: call_for_data
-- title: 数据报送通知的内容
-- clauses: [ES-02, ES-10, SQ-16]
-- reads:
--   word: {view: word}
WITH mine AS (
    SELECT p.code, d.label, string_agg(s.label, '或者' ORDER BY s.code) AS sealing
    FROM word p
    JOIN word d ON d.list = 'dataset' AND d.code = p.code
    JOIN word s ON s.list = 'sealing' AND s.code = p.advice
    WHERE p.list = 'provision' AND p.label = :recipient AND p.code = ANY(CAST(:expected AS text[])) GROUP BY 1, 2
)
SELECT
    (SELECT jsonb_agg(jsonb_build_object('label', label, 'sealing', sealing) ORDER BY code) FROM mine) AS datasets,
    CAST(:window_opens AS date)::text AS opens,
    CAST(:window_closes AS date)::text AS due,
    CAST(:first_day AS date)::text AS data_from,
    coalesce((SELECT jsonb_agg(DISTINCT n.label) FROM word n JOIN mine m ON n.list = 'needs' AND n.advice = m.code), '[]') AS freezes
WHERE EXISTS (SELECT FROM mine)
