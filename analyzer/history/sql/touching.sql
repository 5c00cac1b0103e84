-- The lifetimes that touch the pages of one step, in the page's time.
WITH page AS (
  SELECT * FROM history_pages WHERE step = $step
),
pair AS (
  SELECT p.*, l.id, l.opened_ts, l.closed_ts, l.addr AS first, l.len
  FROM page p
  JOIN lifetimes l ON l.capture = p.capture AND l.device::VARCHAR IS NOT DISTINCT FROM p.device AND l.addr < p.addr + p.size AND l.addr::HUGEINT + greatest(coalesce(l.len, 1), 1) > p.addr
  WHERE p.space = 'dma' AND (l.layer IN ('dma', 'iova') OR l.layer = 'iommu')
  UNION ALL
  SELECT p.*, l.id, l.opened_ts, l.closed_ts, l.addr, l.len
  FROM page p
  JOIN lifetimes l ON l.capture = p.capture AND l.mm IS NOT DISTINCT FROM p.mm AND l.addr < p.addr + p.size AND l.addr::HUGEINT + greatest(coalesce(l.len, 1), 1) > p.addr
  WHERE p.space = 'va' AND p.task IS NULL AND l.layer IN ('import', 'watch', 'pool')
  UNION ALL
  SELECT p.*, l.id, l.opened_ts, l.closed_ts, l.phys, l.len
  FROM page p
  JOIN lifetimes l ON l.capture = p.capture AND l.phys < p.addr + p.size AND l.phys::HUGEINT + greatest(coalesce(l.len, 1), 1) > p.addr
  WHERE p.space = 'phys'
  UNION ALL
  SELECT p.*, l.id, l.opened_ts, l.closed_ts, p.addr, 1
  FROM page p
  JOIN lifetimes l ON l.capture = p.capture AND (l.object = p.addr OR (l.layer = 'dmabuf' AND (l.value = p.addr OR l.other = p.addr)))
  WHERE p.space = 'object'
)
SELECT section, step, capture, space, device, mm, task, addr, size, from_ts, until_ts, via, p.id, asked >= first AND asked < first::HUGEINT + greatest(coalesce(len, 1), 1) AS exact
FROM pair p
-- Translations name no domain: one of two at the same address may be ended in place of the other. Its mapping's end is sure.
LEFT JOIN (SELECT t.id, m.closed_ts AS mapping_closed_ts FROM lifetimes t JOIN lifetimes m ON m.id = t.parent WHERE t.layer = 'iommu') m ON m.id = p.id
WHERE (from_ts IS NULL OR least(closed_ts, mapping_closed_ts) IS NULL OR least(closed_ts, mapping_closed_ts) >= from_ts) AND (until_ts IS NULL OR opened_ts <= until_ts)
ORDER BY section, p.id
