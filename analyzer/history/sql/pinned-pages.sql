-- Memory of a process that a thread pinned and mapped for a device: each piece with its virtual address and the mapping made of it.
-- The mappings of one pin are those that its thread made before its next pin, in order. Taken for true only where offsets in pages agree and the first page is unpinned after.
WITH pin AS (
  SELECT capture, tid, seq, ts, addr, len, lead(seq) OVER (PARTITION BY capture, tid ORDER BY seq) AS next_seq
  FROM events
  WHERE layer = 'import' AND op = 'open' AND kind = 'pinned' AND error IS NULL AND len > 0 AND tid > 0
),
piece AS (
  SELECT p.capture, p.tid, p.seq, p.ts, p.addr, p.len AS pinned, l.id, l.device::VARCHAR AS device, l.addr AS dma_addr, l.len, l.phys, l.opened_ts, l.closed_ts, c.page_size,
    p.addr + first_value(l.phys % c.page_size) OVER so_far + sum(l.len) OVER so_far - l.len AS va,
    first_value(l.phys // c.page_size * c.page_size) OVER so_far AS first_page
  FROM pin p
  JOIN captures c ON c.capture = p.capture
  JOIN lifetimes l ON l.capture = p.capture AND l.open_tid = p.tid AND l.open_seq > p.seq AND (p.next_seq IS NULL OR l.open_seq < p.next_seq)
  WHERE l.layer IN ('dma', 'iova') AND l.phys IS NOT NULL AND l.parent IS NULL
  WINDOW so_far AS (PARTITION BY p.capture, p.seq ORDER BY l.id)
),
unpinned AS (
  SELECT p.capture, p.seq, min(e.ts) AS unpinned_ts
  FROM (SELECT DISTINCT capture, seq, first_page FROM piece) p
  JOIN events e ON e.capture = p.capture AND e.phys = p.first_page AND e.seq > p.seq
  WHERE e.layer = 'import' AND e.op = 'close' AND e.kind = 'pinned'
  GROUP BY p.capture, p.seq
)
SELECT p.capture, p.tid, t.mm, p.id, p.device, p.dma_addr::HUGEINT AS dma_addr, p.len::HUGEINT AS len, p.phys::HUGEINT AS phys, p.va::HUGEINT AS va,
  p.ts AS from_ts, greatest(p.closed_ts, u.unpinned_ts) AS until_ts
FROM piece p
JOIN unpinned u ON u.capture = p.capture AND u.seq = p.seq
LEFT JOIN history_tasks t ON t.capture = p.capture AND t.tid = p.tid
WHERE p.va + p.len <= p.addr + p.pinned AND p.va % p.page_size = p.phys % p.page_size
ORDER BY p.capture, p.id
