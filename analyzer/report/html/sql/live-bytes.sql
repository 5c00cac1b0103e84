-- Live bytes over time in bins, a row a series and bin in which something changed: the highest and the lowest level in the bin, and the last.
-- Series 0 is all together; 1 and on are the devices or call sites with the highest peaks; the last stands for all others. An empty name: not told.
WITH span AS (
  SELECT first_ts AS begin_ts, greatest(last_ts::HUGEINT - first_ts, 1)::DOUBLE AS length FROM captures WHERE capture = $capture
),
place AS (SELECT id, dense_rank() OVER (ORDER BY site) AS place, site FROM stacks),
-- Sums of whole numbers are exact in DOUBLE up to 2^53, and no number of a damaged capture is too large for it.
mapped AS (
  SELECT CASE $by WHEN 'device' THEN enum_code(l.device) ELSE s.place END AS key, l.opened_ts, l.closed_ts, coalesce(l.len, 0)::DOUBLE AS bytes
  FROM lifetimes l
  LEFT JOIN place s ON s.id = l.open_stack
  WHERE l.capture = $capture AND l.layer = $layer
),
step AS (
  SELECT key, opened_ts AS ts, bytes, 1 AS mappings FROM mapped
  UNION ALL
  SELECT key, closed_ts, -bytes, -1 FROM mapped WHERE closed_ts IS NOT NULL
),
change AS (SELECT key, ts, sum(bytes) AS bytes, sum(mappings)::INTEGER AS mappings FROM step GROUP BY key, ts),
level AS (
  SELECT key, ts, sum(bytes) OVER so_far AS bytes, sum(mappings) OVER so_far AS mappings
  FROM change WINDOW so_far AS (PARTITION BY key ORDER BY ts)
),
name AS (
  SELECT enum_code(TRY_CAST(device AS device)) AS key, device AS name FROM devices WHERE $by = 'device'
  UNION ALL
  SELECT DISTINCT place, site FROM place WHERE $by = 'site'
),
ranked AS (
  SELECT l.key, coalesce(any_value(n.name), '') AS name, row_number() OVER (ORDER BY max(bytes) DESC, any_value(n.name)) AS series
  FROM level l LEFT JOIN name n ON n.key = l.key
  GROUP BY l.key
),
-- What has no line of its own, and all together.
sums AS (
  SELECT 0 AS series, ts, bytes, mappings FROM change
  UNION ALL
  SELECT $series + 1, c.ts, c.bytes, c.mappings FROM change c JOIN ranked r ON r.key IS NOT DISTINCT FROM c.key WHERE r.series > $series
),
line AS (
  SELECT r.series, r.name, l.ts, l.bytes, l.mappings FROM level l JOIN ranked r ON r.key IS NOT DISTINCT FROM l.key WHERE r.series <= $series
  UNION ALL
  SELECT series, '', ts, sum(bytes) OVER so_far, sum(mappings) OVER so_far FROM sums WINDOW so_far AS (PARTITION BY series ORDER BY ts)
)
SELECT
  l.series::INTEGER AS series, l.name,
  greatest(0, least($bins - 1, floor((l.ts::HUGEINT - p.begin_ts)::DOUBLE / p.length * $bins)))::INTEGER AS bin,
  max(l.bytes) AS high, min(l.bytes) AS low, arg_max(l.bytes, l.ts) AS last, arg_min(l.ts, row(-l.bytes, l.ts)) AS high_ts,
  arg_max(l.mappings, l.ts)::DOUBLE AS last_mappings, max(l.mappings)::DOUBLE AS most_mappings
FROM line l, span p
GROUP BY l.series, l.name, bin
ORDER BY series, bin;
