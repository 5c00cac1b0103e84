-- The address spaces in which the page of an address occurs, each once.
-- Not counted as an occurrence: what concerns a whole address space at once.
WITH asked AS (
  SELECT capture, $addr::UBIGINT AS exact, ($addr::UBIGINT // page_size * page_size)::HUGEINT AS page, page_size::HUGEINT AS size FROM captures
),
mapped AS (
  SELECT a.capture, 'dma' AS space, l.device::VARCHAR AS device, NULL::UBIGINT AS mm, NULL::INTEGER AS task
  FROM asked a JOIN lifetimes l ON l.capture = a.capture AND l.addr < a.page + a.size AND l.addr::HUGEINT + greatest(coalesce(l.len, 1), 1) > a.page
  WHERE l.layer IN ('dma', 'iova', 'iommu')
  UNION ALL
  SELECT a.capture, 'dma', m.device::VARCHAR, NULL, NULL
  FROM asked a JOIN anomalies m ON m.capture = a.capture AND m.addr < a.page + a.size AND m.addr::HUGEINT + greatest(coalesce(m.len, 1), 1) > a.page
  LEFT JOIN lifetimes l ON l.id = m.lifetime
  WHERE m.device IS NOT NULL AND (l.id IS NULL OR l.layer IN ('dma', 'iova'))
  UNION ALL
  SELECT a.capture, 'dma', m.device, NULL, NULL
  FROM asked a JOIN kernel_messages m ON m.capture = a.capture AND m.addr >= a.page AND m.addr < a.page + a.size
  WHERE m.device IS NOT NULL
  UNION ALL
  SELECT a.capture, 'phys', NULL, NULL, NULL
  FROM asked a JOIN lifetimes l ON l.capture = a.capture AND l.phys < a.page + a.size AND l.phys::HUGEINT + greatest(coalesce(l.len, 1), 1) > a.page
  UNION ALL
  SELECT a.capture, 'phys', NULL, NULL, NULL
  FROM asked a JOIN events e ON e.capture = a.capture AND e.phys < a.page + a.size AND e.phys::HUGEINT + greatest(coalesce(e.len, a.size), 1) > a.page
  UNION ALL
  SELECT a.capture, 'va', NULL, l.mm, NULL
  FROM asked a JOIN lifetimes l ON l.capture = a.capture AND l.addr < a.page + a.size AND l.addr::HUGEINT + greatest(coalesce(l.len, 1), 1) > a.page
  WHERE l.layer IN ('import', 'watch', 'pool')
  UNION ALL
  SELECT a.capture, 'va', NULL, i.mm, NULL
  FROM asked a JOIN invalidations i ON i.capture = a.capture AND i.addr < a.page + a.size AND i.addr::HUGEINT + i.len > a.page
  WHERE i.mm IS NOT NULL
  UNION ALL
  SELECT a.capture, 'va', NULL, coalesce(e.mm, t.mm), CASE WHEN coalesce(e.mm, t.mm) IS NULL THEN e.tid END
  FROM asked a
  JOIN events e ON e.capture = a.capture AND e.addr < a.page + a.size AND e.addr::HUGEINT + greatest(coalesce(e.len, 1), 1) > a.page
  LEFT JOIN history_tasks t ON t.capture = e.capture AND t.tid = e.tid
  WHERE e.layer IN ('import', 'watch') AND e.op <> 'call' AND e.lifetime IS NULL AND (e.mm IS NOT NULL OR e.tid > 0)
  UNION ALL
  SELECT a.capture, 'object', NULL, NULL, NULL
  FROM asked a JOIN lifetimes l ON l.capture = a.capture AND (l.object = a.exact OR (l.layer = 'dmabuf' AND (l.value = a.exact OR l.other = a.exact)))
)
SELECT DISTINCT capture, space, device, mm, task
FROM mapped
WHERE ($device IS NULL OR (space = 'dma' AND device = $device))
  AND ($mm IS NULL OR (space = 'va' AND (mm = $mm OR task = TRY_CAST($mm AS INTEGER) OR mm IN (SELECT t.mm FROM history_tasks t WHERE t.tid = TRY_CAST($mm AS INTEGER)))))
  AND ($only IS NULL OR space = $only)
ORDER BY capture, CASE space WHEN 'dma' THEN 0 WHEN 'va' THEN 1 WHEN 'phys' THEN 2 ELSE 3 END, device NULLS LAST, mm NULLS LAST, task
