-- id: remap-thrash
-- title: The same pages invalidated and mapped again, over and over
-- severity: info
-- family: contract
-- needs: open in import; record the importer's map calls (dmaspan probes list)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- param: rate = 50; rounds a second
-- param: min_rounds = 20; fewer are chance
-- reads: none
-- why: Each round costs an IOMMU flush on one side and a fault on the other. Two owners that take a page from each other (a CPU and a device, compaction and an importer) make no
--   progress.
-- next: See who invalidates (the cause, and the thread): a migration policy, a fork, khugepaged or NUMA balancing; and map larger ranges less often.
-- contract: Documentation/mm/hmm.rst
WITH rounds AS (
  SELECT l.capture, l.device, l.kind, l.mm, l.addr // c.page_size AS page, count(*) AS rounds, min(l.opened_ts) AS first_ts, max(l.closed_ts) AS last_ts,
    min(l.id) AS id, arg_min(l.open_stack, l.id) AS open_stack, mode(i.cause) AS cause, any_value(c.page_size) AS bytes
  FROM lifetimes l
  JOIN invalidations i ON i.id = l.invalidation
  JOIN captures c ON c.capture = l.capture
  WHERE l.layer = 'import' AND l.closed_ts IS NOT NULL
  GROUP BY l.capture, l.device, l.kind, l.mm, l.addr // c.page_size
)
SELECT
  r.capture, r.device, r.kind, s.site, s.via, NULL AS close_site,
  counted(count(*), 'page', 'pages') || ' of ' || told(r.device) || ' invalidated and mapped again up to ' || max(r.rounds) || ' times (most often: ' || told(mode(r.cause)) || ')' AS message,
  count(*) AS count, sum(r.bytes)::BIGINT AS bytes, min(r.first_ts) AS first_ts, max(r.last_ts) AS last_ts, arg_max(r.id, r.rounds) AS lifetime,
  arg_max(r.open_stack, r.rounds) AS open_stack, 'certain' AS confidence, 'each map and each invalidation was seen' AS reason, max(r.rounds) AS rounds
FROM rounds r
LEFT JOIN stacks s ON s.id = r.open_stack
WHERE r.rounds >= $min_rounds AND r.rounds * 1000000000::BIGINT >= $rate * greatest(r.last_ts - r.first_ts, 1)
GROUP BY r.capture, r.device, r.kind, s.site, s.via
ORDER BY r.capture, r.device::VARCHAR, r.kind::VARCHAR, s.site, s.via
