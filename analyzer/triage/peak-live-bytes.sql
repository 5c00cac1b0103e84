-- The most bytes that each capture had mapped at once in the layer dma, and when; memory mapped twice counts twice.
-- certain_bytes: the same before the first lost event, after which an unmap may be missing. NULL: nothing is certain.
WITH steps AS (
  SELECT capture, opened_ts AS ts, coalesce(len, 0)::HUGEINT AS bytes FROM lifetimes WHERE layer = 'dma'
  UNION ALL
  SELECT capture, closed_ts, -coalesce(len, 0)::HUGEINT FROM lifetimes WHERE layer = 'dma' AND closed_ts IS NOT NULL
),
changes AS (SELECT capture, ts, sum(bytes) AS bytes FROM steps GROUP BY capture, ts),
live AS (SELECT capture, ts, sum(bytes) OVER (PARTITION BY capture ORDER BY ts) AS bytes FROM changes),
loss AS (SELECT capture, min(coalesce(from_ts, -9223372036854775808)) AS ts FROM losses GROUP BY capture)
SELECT
  c.capture,
  coalesce(max(v.bytes), 0) AS peak_bytes,
  arg_max(v.ts, (v.bytes, -v.ts::HUGEINT)) AS peak_ts,
  CASE WHEN bool_and(s.ts IS NULL) THEN coalesce(max(v.bytes), 0) ELSE max(v.bytes) FILTER (v.ts < s.ts) END AS certain_bytes
FROM captures c
LEFT JOIN live v ON v.capture = c.capture
LEFT JOIN loss s ON s.capture = c.capture
GROUP BY c.capture
ORDER BY c.capture
