-- The pages that findings are about: of the finding's example, or where none is known of the misuse seen at its moment.
--
-- findings: JSON, each with its number, capture, moment, and a lifetime as an example or null.
WITH asked AS (
  SELECT unnest(from_json($findings::JSON,
    '[{"finding": "INTEGER", "capture": "INTEGER", "moment": "BIGINT", "lifetime": "BIGINT", "device": "VARCHAR"}]'), recursive := true)
),
misuse AS (
  SELECT a.finding, arg_min(m.device, m.seq)::VARCHAR AS device, arg_min(m.addr, m.seq) AS addr
  FROM asked a
  JOIN anomalies m ON m.capture = a.capture AND m.ts = a.moment AND m.device::VARCHAR = a.device
  WHERE a.lifetime IS NULL AND m.addr IS NOT NULL
  GROUP BY a.finding
),
example AS (
  SELECT a.finding, l.* FROM asked a JOIN lifetimes l ON l.id = a.lifetime
),
page AS (
  SELECT finding, capture, 'dma' AS space, device::VARCHAR AS device, NULL::UBIGINT AS mm, addr FROM example WHERE layer IN ('dma', 'iova', 'iommu') AND addr IS NOT NULL
  UNION ALL
  SELECT finding, capture, 'phys', NULL, NULL, phys FROM example WHERE phys IS NOT NULL
  UNION ALL
  SELECT finding, capture, 'va', NULL, mm, addr FROM example WHERE layer IN ('import', 'watch', 'pool') AND addr IS NOT NULL
  UNION ALL
  SELECT finding, capture, 'dma', device::VARCHAR, NULL, other FROM example WHERE kind = 'p2p' AND other IS NOT NULL AND device IS NOT NULL
  UNION ALL
  SELECT finding, capture, 'object', NULL, NULL, object FROM example WHERE layer = 'dmabuf' AND object IS NOT NULL
  UNION ALL
  SELECT m.finding, a.capture, 'dma', m.device, NULL, m.addr FROM misuse m JOIN asked a ON a.finding = m.finding
)
SELECT finding, capture, space, device, mm, addr
FROM page
ORDER BY finding, space, device, addr;
