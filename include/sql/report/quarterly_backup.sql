-- id: quarterly_backup
-- title: 季度通报：备份和恢复演练
-- clauses: [SQ-19]
-- reads:
--   snapshot: {view: snapshot}
--   drill: {view: drill}
-- note: "The last ones known when the bulletin is made; the quarter's own snapshot is taken after it."
SELECT
    (SELECT jsonb_build_object('made_at', to_char(s.recorded_as_of AT TIME ZONE CAST(:zone AS text), 'YYYY-MM-DD"T"HH24:MI'),
        'tables', s.tables, 'rows', s.rows, 'files', s.objects, 'digest', left(s.manifest_hash, 16))
     FROM snapshot s ORDER BY s.recorded_as_of DESC LIMIT 1) AS snapshot,
    (SELECT jsonb_build_object('made_at', to_char(d.recorded_as_of AT TIME ZONE CAST(:zone AS text), 'YYYY-MM-DD"T"HH24:MI'),
        'passed', d.all_equal, 'tables', d.tables)
     FROM drill d ORDER BY d.recorded_as_of DESC LIMIT 1) AS drill
