-- Peer-to-peer memory in a process: which memory of its provider a VMA shows. A provider gives a VMA one piece of its BAR, so one page tells of all.
-- base: the memory under the VMA's first address. Known when a thread pins an address of the VMA and its next DMA names a physical address, and all such agree.
WITH pin AS (
  SELECT e.capture, e.tid, e.seq, e.addr, l.id AS vma, l.addr AS vma_addr,
    lead(e.seq) OVER (PARTITION BY e.capture, e.tid ORDER BY e.seq) AS next_seq
  FROM events e
  JOIN lifetimes l ON l.capture = e.capture AND l.open_tid = e.tid AND l.layer = 'pool' AND l.kind = 'vma' AND l.open_seq < e.seq
    AND (l.close_seq IS NULL OR l.close_seq > e.seq) AND e.addr >= l.addr AND e.addr - l.addr < l.len
  WHERE e.layer = 'import' AND e.op = 'open' AND e.kind = 'pinned'
),
reached AS (
  SELECT p.capture, p.vma, (e.phys // c.page_size * c.page_size)::HUGEINT - (p.addr // c.page_size * c.page_size - p.vma_addr)::HUGEINT AS base
  FROM pin p
  JOIN captures c ON c.capture = p.capture
  JOIN events e ON e.capture = p.capture AND e.tid = p.tid AND e.seq > p.seq AND (p.next_seq IS NULL OR e.seq < p.next_seq)
    AND e.phys IS NOT NULL AND (e.op IN ('open', 'note') AND e.layer IN ('pool', 'dma', 'iova'))
  QUALIFY row_number() OVER (PARTITION BY p.capture, p.seq ORDER BY e.seq) = 1
),
memory AS (
  SELECT capture, vma, min(base) AS base FROM reached GROUP BY capture, vma HAVING min(base) = max(base)
)
SELECT m.capture, m.vma, m.base, l.device::VARCHAR AS device, l.mm, l.addr::HUGEINT AS addr, l.len::HUGEINT AS len, l.opened_ts AS from_ts, l.closed_ts AS until_ts
FROM memory m
JOIN lifetimes l ON l.id = m.vma
ORDER BY m.capture, m.vma
