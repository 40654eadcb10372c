-- id: refusal
-- title: 数据退回通知的内容
-- clauses: [QA-04, QA-08, DC-04]
-- reads:
--   intake: {view: intake}
--   arrival: {view: arrival}
--   word: {view: word}
WITH this AS (
    SELECT i.*, a.package_hash, CAST(:today AS date) > CAST(:window_closes AS date) AS over,
           coalesce(i.dataset = ANY(CAST(:expected AS text[])) AND CAST(:last_day AS date) < CAST(:first_day AS date) + 31, false) AS awaited
    FROM intake i JOIN arrival a USING (arrival_id) WHERE i.arrival_id = :arrival
), shown (key, label, place) AS (
    VALUES ('columns', '缺少的列', 1), ('rows', '数据行数', 2), ('quarantined', '隔离行数', 3), ('required', '应有的列数', 4),
           ('found', '找到的列数', 5), ('inside', '表内期别', 6), ('stated', '文件名或清单期别', 7), ('limit', '行数上限', 8),
           ('missing', '没有填写的项目', 9), ('allowed', '协议约定的方式', 10),
           ('channel', '本次报送的渠道', 11), ('first_day', '自此日起有效', 12), ('last_day', '有效期截止日', 13)
), fact AS (
    SELECT s.place, s.label, CASE jsonb_typeof(f.value) WHEN 'array' THEN array_to_string(ARRAY(
               SELECT coalesce(w.label, e) FROM jsonb_array_elements_text(f.value) e
               LEFT JOIN word w ON w.list IN ('sealing', 'channel') AND w.code = e), '、')
           WHEN 'string' THEN coalesce((SELECT w.label FROM word w WHERE w.list = 'channel' AND w.code = f.value #>> '{}'), f.value #>> '{}')
           ELSE f.value #>> '{}' END AS text
    FROM this t, jsonb_each(t.facts) f JOIN shown s ON s.key = f.key
), sealed AS (  -- told where the envelope is why it was refused
    SELECT string_agg(s.label, '或者' ORDER BY s.label) AS labels
    FROM this t JOIN word p ON p.list = 'provision' AND (p.code, p.label) = (t.dataset, t.party)
    JOIN word s ON s.list = 'sealing' AND s.code = p.advice AND s.code <> 'plain'
    WHERE t.reason IN ('not_sealed', 'sealing_not_allowed', 'unknown_format', 'unsupported_encryption', 'markup_as_workbook')
)
SELECT
    jsonb_build_object('code', t.reason, 'label', '退回', 'sentence', coalesce(w.label, '文件不能接收') || '。') AS refusal,
    jsonb_build_object('dataset', coalesce(d.label, '未能识别的数据'), 'period', t.period, 'arrived_at', t.arrived_at AT TIME ZONE CAST(:zone AS text), 'channel', ch.label, 'sha256', t.package_hash) AS package,
    coalesce((SELECT jsonb_agg(jsonb_build_object('label', f.label, 'text', f.text) ORDER BY f.place) FROM fact f), '[]') AS facts,
    jsonb_build_array(coalesce(w.advice, '请与数据中心联系后重新报送。')) || CASE WHEN s.labels IS NULL THEN '[]'
        ELSE jsonb_build_array('本数据集可用的加密方式：' || s.labels || '。') END
        || CASE WHEN t.reason = 'channel_outside' THEN '["重新报送本期整份数据，收到后即发回执。"]' ELSE '["按原渠道重新报送本期整份数据，收到后即发回执。"]'::jsonb END AS steps,
    CASE WHEN t.awaited AND NOT t.over THEN least(CAST(:due_correction AS date), CAST(:window_closes AS date)) ELSE CAST(:due_correction AS date) END AS due,
    t.awaited AND t.over AS over, coalesce(d.about->>'delivery' <> 'full', false) AS increment, true AS todo,
    coalesce((SELECT jsonb_build_array('下列比对本期不能进行，并列入月度报告：' || string_agg('“' || n.label || '”', '、' ORDER BY n.code)) FROM word n
              WHERE n.list = 'needs' AND n.advice = t.dataset HAVING count(*) > 0), '[]') AS consequences,
    coalesce(d.label, '未能识别的数据') AS dataset, t.package_hash AS sha256,
    to_char(t.arrived_at AT TIME ZONE CAST(:zone AS text), 'YYYY-MM-DD HH24:MI') AS arrived_at
FROM this t
LEFT JOIN word d ON d.list = 'dataset' AND d.code = t.dataset
JOIN word ch ON ch.list = 'channel' AND ch.code = t.channel
LEFT JOIN word w ON w.list = 'row_issue' AND w.code = t.reason
LEFT JOIN sealed s ON true
