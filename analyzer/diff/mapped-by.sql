-- What was mapped, by call site ($by: `site`), by device and kind (`kind`), or by layer (`layer`), all captures together: how much in all, at most at
-- once, and at the end, and how long it stayed. A scatterlist counts once, and so does an import that was undone part by part.
-- A site has no module here, and a bare address is none: as in the fingerprints of findings, which other runs and recorders must share.
WITH caller AS (
  SELECT id, nullif(regexp_replace(site, '\s\[[^\]]*\]$|^(0x[0-9a-fA-F]+|[0-9a-fA-F]{16})$', ''), '') AS site, via FROM stacks WHERE $by = 'site'
),
-- Who maps, each with a number: grouping millions of rows by names takes several times as long.
named AS (
  SELECT l.layer, CASE WHEN $by != 'layer' THEN l.device END AS device, CASE WHEN $by != 'layer' THEN l.kind END AS kind, l.open_stack,
    dense_rank() OVER (ORDER BY l.layer, CASE WHEN $by != 'layer' THEN l.device END, CASE WHEN $by != 'layer' THEN l.kind END, c.site, c.via) AS mapper,
    l.device AS of_device, l.kind AS of_kind, c.site, c.via
  FROM (SELECT DISTINCT layer, device, kind, open_stack FROM lifetimes) l
  LEFT JOIN caller c ON c.id = l.open_stack
),
-- Sums of whole numbers are exact in DOUBLE up to 2^53, and no number of a damaged capture is too large for it.
-- Of what was split, the first part does not name the others: they name it.
mapped AS (
  SELECT n.mapper, l.capture, coalesce(l.sg_group, g.sg_group) AS sg_group, l.opened_ts, l.closed_ts, coalesce(l.len, 0)::DOUBLE AS bytes
  FROM lifetimes l
  JOIN named n ON n.layer = l.layer AND n.of_device IS NOT DISTINCT FROM l.device AND n.of_kind IS NOT DISTINCT FROM l.kind
    AND n.open_stack IS NOT DISTINCT FROM l.open_stack
  LEFT JOIN (SELECT DISTINCT sg_group FROM lifetimes WHERE sg_group IS NOT NULL) g ON g.sg_group = l.id
),
list AS (
  SELECT mapper, capture, min(opened_ts) AS opened_ts, CASE WHEN count(*) = count(closed_ts) THEN max(closed_ts) END AS closed_ts
  FROM mapped
  WHERE sg_group IS NOT NULL
  GROUP BY mapper, capture, sg_group
),
whole AS (
  SELECT mapper, opened_ts, closed_ts FROM mapped WHERE sg_group IS NULL
  UNION ALL
  SELECT mapper, opened_ts, closed_ts FROM list
),
step AS (
  SELECT mapper, capture, opened_ts AS ts, (sg_group IS NULL)::INTEGER AS mappings, bytes FROM mapped
  UNION ALL
  SELECT mapper, capture, closed_ts, -(sg_group IS NULL)::INTEGER, -bytes FROM mapped WHERE closed_ts IS NOT NULL
  UNION ALL
  SELECT mapper, capture, opened_ts, 1, 0 FROM list
  UNION ALL
  SELECT mapper, capture, closed_ts, -1, 0 FROM list WHERE closed_ts IS NOT NULL
),
-- The frame takes in all steps of one moment: what is unmapped and mapped at once makes no peak.
live AS (
  SELECT mapper, sum(mappings) OVER so_far AS mappings, sum(bytes) OVER so_far AS bytes
  FROM step
  WINDOW so_far AS (PARTITION BY mapper, capture ORDER BY ts)
),
peak AS (SELECT mapper, max(mappings) AS mappings, max(bytes) AS bytes FROM live GROUP BY mapper),
size AS (
  SELECT mapper, sum(bytes) AS bytes, coalesce(sum(bytes) FILTER (closed_ts IS NULL), 0) AS end_bytes FROM mapped GROUP BY mapper
),
total AS (
  SELECT mapper, count(*) AS mappings, count(*) FILTER (closed_ts IS NULL) AS end_mappings,
    quantile_disc(closed_ts::HUGEINT - opened_ts, [0.5, 0.9, 0.99, 1]) AS stayed
  FROM whole
  GROUP BY mapper
),
who AS (SELECT DISTINCT mapper, layer, device, kind, site, via FROM named)
SELECT w.layer::VARCHAR AS layer, w.device::VARCHAR AS device, w.kind::VARCHAR AS kind, w.site, w.via,
  t.mappings::BIGINT AS mappings, s.bytes::HUGEINT AS bytes, p.mappings::BIGINT AS peak_mappings, p.bytes::HUGEINT AS peak_bytes,
  t.end_mappings::BIGINT AS end_mappings, s.end_bytes::HUGEINT AS end_bytes,
  t.stayed[1] AS p50, t.stayed[2] AS p90, t.stayed[3] AS p99, t.stayed[4] AS longest
FROM who w
JOIN total t ON t.mapper = w.mapper
JOIN size s ON s.mapper = w.mapper
JOIN peak p ON p.mapper = w.mapper
ORDER BY layer, device, kind, site, via
