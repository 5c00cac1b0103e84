-- What was mapped, by call site ($by: `site`), by device and kind (`kind`), or by layer (`layer`), all captures together: how much in all, at most at
-- once, and at the end, and how long it stayed. A scatterlist counts once, and so does an import that was undone part by part.
-- A site has no module here, and a bare address is none: as in the fingerprints of findings, which other runs and recorders must share.
WITH mapped AS (
  SELECT l.capture, l.layer::VARCHAR AS layer,
    CASE WHEN $by != 'layer' THEN l.device::VARCHAR END AS device, CASE WHEN $by != 'layer' THEN l.kind::VARCHAR END AS kind,
    CASE WHEN $by = 'site' THEN nullif(regexp_replace(s.site, '\s\[[^\]]*\]$|^(0x[0-9a-fA-F]+|[0-9a-fA-F]{16})$', ''), '') END AS site,
    CASE WHEN $by = 'site' THEN s.via END AS via,
    coalesce(l.sg_group, l.id) AS mapping, l.opened_ts, l.closed_ts, coalesce(l.len, 0)::HUGEINT AS bytes
  FROM lifetimes l
  LEFT JOIN stacks s ON s.id = l.open_stack
),
whole AS (
  SELECT capture, layer, device, kind, site, via, min(opened_ts) AS opened_ts,
    CASE WHEN count(*) = count(closed_ts) THEN max(closed_ts) END AS closed_ts,
    sum(bytes) AS bytes, coalesce(sum(bytes) FILTER (closed_ts IS NULL), 0) AS end_bytes
  FROM mapped
  GROUP BY capture, layer, device, kind, site, via, mapping
),
step AS (
  SELECT capture, layer, device, kind, site, via, opened_ts AS ts, 0 AS mappings, bytes FROM mapped
  UNION ALL
  SELECT capture, layer, device, kind, site, via, closed_ts, 0, -bytes FROM mapped WHERE closed_ts IS NOT NULL
  UNION ALL
  SELECT capture, layer, device, kind, site, via, opened_ts, 1, 0 FROM whole
  UNION ALL
  SELECT capture, layer, device, kind, site, via, closed_ts, -1, 0 FROM whole WHERE closed_ts IS NOT NULL
),
change AS (
  SELECT capture, layer, device, kind, site, via, ts, sum(mappings) AS mappings, sum(bytes) AS bytes
  FROM step
  GROUP BY capture, layer, device, kind, site, via, ts
),
live AS (
  SELECT layer, device, kind, site, via, sum(mappings) OVER so_far AS mappings, sum(bytes) OVER so_far AS bytes
  FROM change
  WINDOW so_far AS (PARTITION BY capture, layer, device, kind, site, via ORDER BY ts)
),
peak AS (
  SELECT layer, device, kind, site, via, max(mappings) AS mappings, max(bytes) AS bytes
  FROM live
  GROUP BY layer, device, kind, site, via
),
total AS (
  SELECT layer, device, kind, site, via, count(*) AS mappings, sum(bytes) AS bytes,
    count(*) FILTER (closed_ts IS NULL) AS end_mappings, sum(end_bytes) AS end_bytes,
    quantile_disc(closed_ts::HUGEINT - opened_ts, [0.5, 0.9, 0.99, 1]) AS stayed
  FROM whole
  GROUP BY layer, device, kind, site, via
)
SELECT t.layer, t.device, t.kind, t.site, t.via, t.mappings::BIGINT AS mappings, t.bytes,
  p.mappings::BIGINT AS peak_mappings, p.bytes AS peak_bytes, t.end_mappings::BIGINT AS end_mappings, t.end_bytes,
  t.stayed[1] AS p50, t.stayed[2] AS p90, t.stayed[3] AS p99, t.stayed[4] AS longest
FROM total t
JOIN peak p ON p.layer = t.layer AND p.device IS NOT DISTINCT FROM t.device AND p.kind IS NOT DISTINCT FROM t.kind
  AND p.site IS NOT DISTINCT FROM t.site AND p.via IS NOT DISTINCT FROM t.via
ORDER BY t.layer, t.device, t.kind, t.site, t.via
