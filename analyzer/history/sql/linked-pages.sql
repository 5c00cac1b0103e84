-- The same page by other names: from the pages of one step, by the mappings that touch them and while these last, to pages of other spaces.
WITH touched AS (
  SELECT t.section, t.capture, t.space, t.device AS page_device, t.mm AS page_mm, t.task, t.addr AS page, t.size, l.*EXCLUDE (capture),
    greatest(t.from_ts, l.opened_ts) AS since, CASE WHEN t.until_ts IS NULL THEN l.closed_ts WHEN l.closed_ts IS NULL THEN t.until_ts ELSE least(t.until_ts, l.closed_ts) END AS until
  FROM history_touching t
  JOIN lifetimes l ON l.id = t.id
  -- A page of DMA addresses may hold pieces of several pages of memory: of one that was reached by a mapping only that leads on.
  WHERE t.step = $step AND (t.step = 0 OR t.space <> 'dma' OR l.id = t.via OR l.parent = t.via)
),
-- An import's DMA mappings, each with where it lies in the import: a list's segments follow one another.
made AS (
  SELECT c.id, c.parent, CASE WHEN c.sg_group IS NULL THEN 0 ELSE sum(c.len) OVER (PARTITION BY c.parent, c.sg_group ORDER BY c.id) - c.len END AS into
  FROM lifetimes c
  JOIN lifetimes i ON i.id = c.parent
  WHERE c.layer IN ('dma', 'iova') AND i.layer = 'import' AND i.addr IS NOT NULL
),
linked AS (
  -- DMA address to memory, and back.
  SELECT section, capture, 'phys' AS space, NULL::VARCHAR AS device, NULL::UBIGINT AS mm, NULL::INTEGER AS task,
    phys::HUGEINT + greatest(page, addr::HUGEINT) - addr AS spot, size, since, until, id AS via
  FROM touched WHERE space = 'dma' AND phys IS NOT NULL AND (layer <> 'iommu' OR parent IS NULL)
  UNION ALL
  SELECT section, capture, 'dma', device::VARCHAR, NULL, NULL, addr::HUGEINT + greatest(page, phys::HUGEINT) - phys, size, since, until, id
  FROM touched WHERE space = 'phys' AND layer IN ('dma', 'iova') AND addr IS NOT NULL
  UNION ALL
  -- The kernel's own address of pool memory.
  SELECT section, capture, 'phys', NULL, NULL, NULL, phys::HUGEINT + greatest(page, addr::HUGEINT) - addr, size, since, until, id
  FROM touched WHERE space = 'va' AND layer = 'pool' AND phys IS NOT NULL
  UNION ALL
  SELECT section, capture, 'va', NULL, mm, NULL, addr::HUGEINT + greatest(page, phys::HUGEINT) - phys, size, since, until, id
  FROM touched WHERE space = 'phys' AND layer = 'pool' AND addr IS NOT NULL
  UNION ALL
  -- An import to the DMA mappings that were made for it, and back.
  SELECT t.section, t.capture, 'dma', c.device::VARCHAR, NULL, NULL, c.addr::HUGEINT + greatest(t.page - t.addr - m.into, 0), t.size, greatest(t.since, c.opened_ts), coalesce(c.closed_ts, t.until), c.id
  FROM touched t
  JOIN made m ON m.parent = t.id
  JOIN lifetimes c ON c.id = m.id
  WHERE t.space = 'va' AND t.layer = 'import' AND m.into < t.page + t.size - t.addr AND m.into::HUGEINT + c.len > t.page - t.addr
  UNION ALL
  SELECT t.section, t.capture, 'va', NULL, i.mm, NULL, i.addr::HUGEINT + m.into + greatest(t.page - t.addr, 0), t.size, i.opened_ts, coalesce(i.closed_ts, t.until), i.id
  FROM touched t
  JOIN made m ON m.id = t.id
  JOIN lifetimes i ON i.id = m.parent
  WHERE t.space = 'dma'
  UNION ALL
  -- The DMA address that an import tells itself.
  SELECT section, capture, 'dma', device::VARCHAR, NULL, NULL, other::HUGEINT + greatest(page - addr, 0), size, since, until, id
  FROM touched WHERE space = 'va' AND kind = 'p2p' AND other IS NOT NULL AND device IS NOT NULL
  UNION ALL
  -- Pinned memory, and what its thread mapped for a device.
  SELECT p.section, p.capture, 'dma', n.device, NULL, NULL, n.dma_addr + greatest(p.addr - n.va, 0), p.size, n.from_ts, n.until_ts, n.id
  FROM history_pages p
  JOIN history_pins n ON n.capture = p.capture AND (n.mm = p.mm OR n.tid = p.task) AND n.va < p.addr + p.size AND n.va + n.len > p.addr
  WHERE p.step = $step AND p.space = 'va'
  UNION ALL
  SELECT p.section, p.capture, 'phys', NULL, NULL, NULL, n.phys + greatest(p.addr - n.va, 0), p.size, n.from_ts, n.until_ts, n.id
  FROM history_pages p
  JOIN history_pins n ON n.capture = p.capture AND (n.mm = p.mm OR n.tid = p.task) AND n.va < p.addr + p.size AND n.va + n.len > p.addr
  WHERE p.step = $step AND p.space = 'va'
  UNION ALL
  SELECT t.section, t.capture, 'va', NULL, n.mm, CASE WHEN n.mm IS NULL THEN n.tid END, n.va + greatest(t.page - n.dma_addr, 0), t.size, n.from_ts, n.until_ts, n.id
  FROM touched t
  JOIN history_pins n ON n.id = t.id
  WHERE t.space = 'dma'
  UNION ALL
  -- Memory of a provider in a process; until its pages are free again.
  SELECT p.section, p.capture, 'phys', NULL, NULL, NULL, v.base + p.addr - v.addr, p.size, greatest(p.from_ts, v.from_ts),
    least(p.until_ts, (SELECT min(e.ts) FROM events e WHERE e.capture = v.capture AND e.layer = 'pool' AND e.op = 'free' AND e.phys = v.base + p.addr - v.addr AND e.ts >= v.from_ts)), v.vma
  FROM history_pages p
  JOIN history_memory v ON v.capture = p.capture AND v.mm = p.mm AND v.addr < p.addr + p.size AND v.addr + v.len > p.addr
  WHERE p.step = $step AND p.space = 'va'
  UNION ALL
  SELECT p.section, p.capture, 'va', NULL, v.mm, NULL, v.addr + p.addr - v.base, p.size, greatest(p.from_ts, v.from_ts),
    least(p.until_ts, (SELECT min(e.ts) FROM events e WHERE e.capture = v.capture AND e.layer = 'pool' AND e.op = 'free' AND e.phys = p.addr AND e.ts >= v.from_ts)), v.vma
  FROM history_pages p
  JOIN history_memory v ON v.capture = p.capture AND v.base < p.addr + p.size AND v.base + v.len > p.addr
  WHERE p.step = $step AND p.space = 'phys'
)
SELECT section, $step + 1 AS step, capture, space, device, mm, task, spot // size * size AS addr, size, NULL::HUGEINT AS asked, min(since) AS from_ts,
  CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until_ts, min(via) AS via
FROM linked k
WHERE NOT EXISTS (
  SELECT 1 FROM history_pages p
  WHERE p.section = k.section AND p.capture = k.capture AND p.space = k.space AND p.device IS NOT DISTINCT FROM k.device AND p.mm IS NOT DISTINCT FROM k.mm
    AND p.task IS NOT DISTINCT FROM k.task AND p.addr = k.spot // k.size * k.size
    AND (p.from_ts IS NULL OR p.from_ts <= k.since) AND (p.until_ts IS NULL OR p.until_ts >= k.until)
)
GROUP BY section, capture, space, device, mm, task, spot // size * size, size, via
ORDER BY section, from_ts, space, addr, via
LIMIT $most
