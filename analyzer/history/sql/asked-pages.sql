-- The pages that are asked about. pages: JSON; addr may lie anywhere in its page. An object has no page: its address is what it is called by.
WITH asked AS (
  SELECT unnest(from_json($pages::JSON,
    '[{"section": "INTEGER", "capture": "INTEGER", "space": "VARCHAR", "device": "VARCHAR", "mm": "UBIGINT", "task": "INTEGER", "addr": "UBIGINT"}]'), recursive := true)
)
SELECT a.section, 0 AS step, a.capture, a.space, a.device, a.mm, a.task,
  CASE WHEN a.space = 'object' THEN a.addr ELSE a.addr // c.page_size * c.page_size END::HUGEINT AS addr,
  CASE WHEN a.space = 'object' THEN 1 ELSE c.page_size END::HUGEINT AS size, a.addr::HUGEINT AS asked,
  NULL::BIGINT AS from_ts, NULL::BIGINT AS until_ts, NULL::BIGINT AS via
FROM asked a
JOIN captures c ON c.capture = a.capture
ORDER BY a.section, a.space
