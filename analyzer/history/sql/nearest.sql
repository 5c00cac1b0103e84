-- The lifetimes nearest to an address that nothing touched, below it and above it, in each sort of space.
WITH known AS (
  SELECT capture, CASE WHEN layer IN ('dma', 'iova', 'iommu') THEN 'dma' ELSE 'va' END AS space, id, addr::HUGEINT AS first, addr::HUGEINT + greatest(coalesce(len, 1), 1) AS past
  FROM lifetimes
  WHERE addr IS NOT NULL AND layer IN ('dma', 'iova', 'iommu', 'import', 'watch', 'pool')
    AND ($device IS NULL OR device::VARCHAR = $device) AND ($mm IS NULL OR mm = $mm OR mm IN (SELECT t.mm FROM history_tasks t WHERE t.tid = TRY_CAST($mm AS INTEGER)))
  UNION ALL
  SELECT capture, 'phys', id, phys::HUGEINT, phys::HUGEINT + greatest(coalesce(len, 1), 1) FROM lifetimes WHERE phys IS NOT NULL
),
side AS (
  SELECT *, CASE WHEN past <= $addr::UBIGINT THEN 'below' ELSE 'above' END AS side, CASE WHEN past <= $addr::UBIGINT THEN $addr::UBIGINT - past + 1 ELSE first - $addr::UBIGINT END AS distance
  FROM known
  WHERE ($only IS NULL OR space = $only) AND (past <= $addr::UBIGINT OR first > $addr::UBIGINT)
)
SELECT s.capture, s.space, s.side, s.distance::UBIGINT AS distance, s.id AS lifetime, l.layer::VARCHAR AS layer, l.kind::VARCHAR AS kind, l.device::VARCHAR AS device, l.mm, l.addr, l.len, l.phys,
  l.opened_ts, l.closed_ts, l.open_comm::VARCHAR AS comm, l.open_tid AS tid, t.site
FROM side s
JOIN lifetimes l ON l.id = s.id
LEFT JOIN stacks t ON t.id = l.open_stack
QUALIFY row_number() OVER (PARTITION BY s.capture, s.space, s.side ORDER BY s.distance, s.id DESC) = 1
ORDER BY s.capture, CASE s.space WHEN 'dma' THEN 0 WHEN 'va' THEN 1 ELSE 2 END, s.side DESC
