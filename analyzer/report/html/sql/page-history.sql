-- What happened to the page that each finding is about, in time order: the nearest $near events before the finding's moment and after it.
--
-- findings: JSON, each with its number, capture, moment, and a lifetime as an example (null: the page is that of the misuse seen at the moment).
-- same_address: at the same DMA address of the same device; otherwise it is the same physical memory, whichever device mapped it.
WITH asked AS (
  SELECT unnest(from_json($findings::JSON,
    '[{"finding": "INTEGER", "capture": "INTEGER", "moment": "BIGINT", "lifetime": "BIGINT", "device": "VARCHAR"}]'), recursive := true)
),
misuse AS (
  SELECT a.finding, arg_min(m.device, m.seq) AS device, arg_min(m.addr, m.seq) AS addr
  FROM asked a
  JOIN anomalies m ON m.capture = a.capture AND m.ts = a.moment AND m.device::VARCHAR = a.device
  WHERE a.lifetime IS NULL AND m.addr IS NOT NULL
  GROUP BY a.finding
),
subject AS (
  SELECT a.finding, a.capture, a.moment, coalesce(l.device, m.device) AS device,
    (coalesce(l.addr, m.addr) // c.page_size * c.page_size)::HUGEINT AS addr, (l.phys // c.page_size * c.page_size)::HUGEINT AS phys, c.page_size::HUGEINT AS size
  FROM asked a
  JOIN captures c ON c.capture = a.capture
  LEFT JOIN lifetimes l ON l.id = a.lifetime
  LEFT JOIN misuse m ON m.finding = a.finding
  WHERE coalesce(l.addr, m.addr) IS NOT NULL
),
touching AS (
  SELECT finding, moment, id, bool_or(same_address) AS same_address
  FROM (
    SELECT s.finding, s.moment, l.id, true AS same_address
    FROM subject s
    JOIN lifetimes l ON l.device = s.device AND l.capture = s.capture AND l.addr < s.addr + s.size AND l.addr::HUGEINT + greatest(l.len, 1) > s.addr
    WHERE l.layer = 'dma'
    UNION ALL
    SELECT s.finding, s.moment, l.id, false
    FROM subject s
    JOIN lifetimes l ON l.capture = s.capture AND l.phys < s.phys + s.size AND l.phys::HUGEINT + greatest(l.len, 1) > s.phys
    WHERE l.layer = 'dma'
  )
  GROUP BY finding, moment, id
),
happened AS (
  SELECT t.finding, t.moment, t.same_address, l.opened_ts AS ts, l.open_seq AS seq, 0 AS turn, 'mapped' AS what, l.id AS lifetime, l.device, l.addr, l.len, l.dir,
    l.open_tid AS tid, l.open_stack AS stack
  FROM touching t JOIN lifetimes l ON l.id = t.id
  UNION ALL
  SELECT t.finding, t.moment, t.same_address, l.closed_ts, l.close_seq, 1, CASE l.end_reason WHEN 'closed' THEN 'unmapped' ELSE l.end_reason::VARCHAR END, l.id, l.device,
    l.addr, l.len, l.dir, l.close_tid, l.close_stack
  FROM touching t JOIN lifetimes l ON l.id = t.id
  WHERE l.closed_ts IS NOT NULL
  UNION ALL
  SELECT s.finding, s.moment, true, m.ts, m.seq, 3, m.kind::VARCHAR, m.lifetime, m.device, m.addr, m.len, e.dir, e.tid, e.stack
  FROM subject s
  JOIN anomalies m ON m.device = s.device AND m.capture = s.capture AND m.addr < s.addr + s.size AND m.addr::HUGEINT + greatest(m.len, 1) > s.addr
  LEFT JOIN events e ON e.seq = m.seq
  UNION ALL
  -- What was done to these mappings in the name of another device.
  SELECT t.finding, t.moment, true, m.ts, m.seq, 3, m.kind::VARCHAR, m.lifetime, m.device, m.addr, m.len, e.dir, e.tid, e.stack
  FROM touching t
  JOIN anomalies m ON m.lifetime = t.id
  JOIN lifetimes l ON l.id = t.id
  LEFT JOIN events e ON e.seq = m.seq
  WHERE t.same_address AND m.device <> l.device
  UNION ALL
  SELECT s.finding, s.moment, true, e.ts, e.seq, 2, 'synced', e.lifetime, e.device, e.addr, e.len, e.dir, e.tid, e.stack
  FROM subject s
  JOIN events e ON e.device = s.device AND e.capture = s.capture AND e.addr < s.addr + s.size AND e.addr::HUGEINT + greatest(e.len, 1) > s.addr
  WHERE e.layer = 'dma' AND e.op = 'sync'
),
numbered AS (
  SELECT *, count(*) OVER (PARTITION BY finding) AS all_rows,
    row_number() OVER (PARTITION BY finding, ts > moment ORDER BY abs(ts::HUGEINT - moment), seq DESC, turn, lifetime, what) AS distance
  FROM happened
)
SELECT n.finding, n.ts, n.ts = n.moment AS now, n.what, n.lifetime, n.device::VARCHAR AS device, n.addr, n.len, n.dir::VARCHAR AS dir, n.tid, t.site, n.same_address,
  n.all_rows::BIGINT AS all_rows
FROM numbered n
LEFT JOIN stacks t ON t.id = n.stack
WHERE n.distance <= $near
ORDER BY n.finding, n.ts, n.seq, n.turn, n.lifetime, n.what;
