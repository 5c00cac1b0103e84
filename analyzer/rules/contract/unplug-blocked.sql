-- id: unplug-blocked
-- title: A provider's removal waited for its importers
-- severity: info
-- family: contract
-- needs: remove; record the probes of the pack removal (dmaspan probes show removal)
-- needs: exit in pool; unbind or unplug the provider, with the probes of the pack p2pmem (dmaspan probes show p2pmem)
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
-- No event ends a mapping of a process, but the thread that goes frees its pages: one that has freed as many as it mapped holds nothing.
given_back AS (
  SELECT l.id, r.end_seq
  FROM removals r
  JOIN lifetimes l ON l.capture = r.capture AND l.layer = 'pool' AND l.kind = 'vma' AND l.device = r.device AND l.open_seq < r.begin_seq
  JOIN captures c ON c.capture = l.capture
  JOIN events f ON f.capture = l.capture AND f.layer = 'pool' AND f.op = 'free' AND f.tid = l.open_tid AND f.seq > l.open_seq AND f.seq < r.begin_seq
  GROUP BY l.id, l.len, r.end_seq, c.page_size
  HAVING count(*) * c.page_size >= l.len
),
holders AS (
  SELECT r.end_seq, l.id, l.open_comm, l.len
  FROM removals r
  JOIN lifetimes l ON l.capture = r.capture AND l.layer = 'pool' AND l.device = r.device
    AND l.open_seq < r.begin_seq AND (l.close_seq IS NULL OR l.close_seq > r.begin_seq)
  LEFT JOIN given_back g ON g.id = l.id AND g.end_seq = r.end_seq
  WHERE g.id IS NULL
),
waited AS (
  SELECT r.*, count(l.id) AS holders, string_agg(DISTINCT l.open_comm::VARCHAR, ', ' ORDER BY l.open_comm::VARCHAR) AS who, min(l.id) AS lifetime, sum(l.len) AS bytes
  FROM removals r
  LEFT JOIN holders l ON l.end_seq = r.end_seq
  GROUP BY r.capture, r.device, r.end_ts, r.end_seq, r.begin_ts, r.begin_seq
)
SELECT
  capture, device, NULL AS kind, NULL AS site, NULL AS close_site,
  'the removal of ' || told(device) || ' took ' || duration_text(max(end_ts - begin_ts)) || CASE WHEN sum(holders) = 0 THEN '; nobody is known to have held its memory'
    ELSE '; its memory was held by ' || counted(sum(holders), 'mapping', 'mappings') || ' (' || any_value(who) || ')' END AS message,
  count(*) AS count, coalesce(sum(bytes), 0)::BIGINT AS bytes, min(begin_ts) AS first_ts, max(end_ts) AS last_ts, min(lifetime) AS lifetime,
  'certain' AS confidence, 'the begin of the removal and the release of the pool were seen' AS reason, max(end_ts - begin_ts) AS longest
FROM waited
WHERE end_ts - begin_ts > $bound_ms * 1000000::BIGINT
GROUP BY capture, device
ORDER BY capture, device::VARCHAR
