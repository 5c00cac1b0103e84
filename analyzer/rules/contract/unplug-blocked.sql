-- id: unplug-blocked
-- title: A provider's removal waited for its importers
-- severity: info
-- family: contract
-- needs: remove that occurred; record the probes of the pack removal (dmaspan probes show removal)
-- needs: exit in pool that occurred; unbind or unplug the provider, with the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- param: bound_ms = 100; a removal that took less did not wait
-- reads: none
-- why: A removal cannot end while somebody holds the provider's memory: one importer that is slow to let go, or a process that sleeps with it, stops an unplug.
-- next: See who held it (the mappings that ended between the begin and the end of the removal), and how long each took to let go.
-- contract: Documentation/driver-api/pci/p2pdma.rst; drivers/pci/p2pdma.c, pci_p2pdma_release()
WITH ends AS (
  SELECT capture, device, ts, seq FROM events WHERE op = 'exit' AND layer = 'pool' AND device IS NOT NULL
),
removals AS (
  SELECT e.capture, e.device, e.ts AS end_ts, e.seq AS end_seq, min(b.ts) AS begin_ts, min(b.seq) AS begin_seq
  FROM ends e
  JOIN events b ON b.capture = e.capture AND b.device = e.device AND b.op = 'remove' AND b.seq < e.seq
    AND NOT EXISTS (SELECT 1 FROM ends p WHERE p.capture = e.capture AND p.device = e.device AND p.seq < e.seq AND p.seq > b.seq)
  GROUP BY e.capture, e.device, e.ts, e.seq
),
frees AS (
  -- No event tells when a process unmaps such memory; that its pages came back does. A process gives its own back in its own name.
  SELECT e.capture, e.tid, e.seq FROM events e WHERE e.layer = 'pool' AND e.op = 'free'
),
mapped AS (
  SELECT r.capture, r.device, r.end_seq, l.id, l.kind, l.open_tid, l.open_comm::VARCHAR || coalesce('-' || l.open_tid, '') AS who, l.len,
    sum(ceil(l.len / c.page_size)) OVER (PARTITION BY r.capture, r.device, r.end_seq, l.kind, l.open_tid) AS pages,
    (SELECT count(*) FROM frees f WHERE f.capture = l.capture AND f.tid = l.open_tid AND f.seq > l.open_seq AND f.seq < r.begin_seq) AS freed
  FROM removals r
  JOIN captures c ON c.capture = r.capture
  JOIN lifetimes l ON l.capture = r.capture AND l.layer = 'pool' AND l.device = r.device
    AND l.open_seq < r.begin_seq AND (l.close_seq IS NULL OR l.close_seq > r.begin_seq)
),
waited AS (
  SELECT r.*, count(m.id) AS holders, string_agg(DISTINCT m.who, ', ' ORDER BY m.who) AS who, min(m.id) AS lifetime, sum(m.len) AS bytes,
    bool_or(m.kind = 'vma') AND NOT EXISTS (FROM frees f WHERE f.capture = r.capture) AS at_most
  FROM removals r
  LEFT JOIN mapped m ON m.capture = r.capture AND m.device = r.device AND m.end_seq = r.end_seq AND NOT (m.kind = 'vma' AND m.freed >= m.pages)
  GROUP BY r.capture, r.device, r.end_ts, r.end_seq, r.begin_ts, r.begin_seq
)
SELECT
  w.capture, w.device, NULL AS kind, NULL AS site, NULL AS close_site,
  'the removal of ' || told(w.device) || ' took ' || duration_text(max(w.end_ts - w.begin_ts)) || CASE WHEN sum(w.holders) = 0 THEN '; nobody is known to have held its memory'
    ELSE '; its memory was held by ' || CASE WHEN bool_or(w.at_most) THEN 'at most ' ELSE '' END || counted(sum(w.holders), 'mapping', 'mappings') || ' (' || string_agg(w.who, ', ' ORDER BY w.begin_seq) || ')' END AS message,
  count(*) AS count, coalesce(sum(w.bytes), 0)::BIGINT AS bytes, min(w.begin_ts) AS first_ts, max(w.end_ts) AS last_ts, min(w.lifetime) AS lifetime, any_value(l.open_stack) AS open_stack,
  'certain' AS confidence, 'the begin of the removal and the release of the pool were seen' AS reason, max(w.end_ts - w.begin_ts) AS longest
FROM waited w
LEFT JOIN lifetimes l ON l.id = w.lifetime
WHERE w.end_ts - w.begin_ts > $bound_ms * 1000000::BIGINT
GROUP BY w.capture, w.device
ORDER BY w.capture, w.device::VARCHAR
