-- id: slow-eviction
-- title: Invalidations waited long for an importer
-- severity: info
-- family: contract
-- needs: close in import; record the importer's unmap calls (dmaspan probes list)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- param: bound_ms = 10; an eviction that waited longer counts
-- reads: none
-- why: The owner of the memory waits while importers let go, with its locks held: an importer that drains its device's queue first stops munmap, reclaim and compaction.
-- next: See what the importer does between the begin of the invalidation and its last unmap; unmap page by page, or stop the device's access without draining it.
-- contract: include/linux/mmu_notifier.h, struct mmu_notifier_ops, invalidate_range_start: callbacks may sleep, and the caller waits
WITH waits AS (
  -- How long each importer kept each invalidation.
  SELECT l.capture, l.device, l.kind, l.invalidation, any_value(i.cause) AS cause, max(l.closed_ts) - any_value(i.begin_ts) AS wait, any_value(i.begin_ts) AS begin_ts,
    sum(l.len) AS bytes, min(l.id) AS id, arg_max(l.close_stack, l.close_seq) AS close_stack, arg_min(l.open_stack, l.id) AS open_stack
  FROM lifetimes l
  JOIN invalidations i ON i.id = l.invalidation
  WHERE l.layer = 'import' AND l.closed_ts IS NOT NULL AND l.close_seq < coalesce(i.end_seq, l.close_seq + 1)
  GROUP BY l.capture, l.device, l.kind, l.invalidation
),
importers AS (
  SELECT capture, device, kind, count(*) AS evictions, quantile_cont(wait, 0.5)::BIGINT AS p50, quantile_cont(wait, 0.99)::BIGINT AS p99, max(wait) AS worst
  FROM waits GROUP BY capture, device, kind
)
SELECT
  w.capture, w.device, w.kind, s.site, s.via, u.site AS close_site, u.via AS close_via,
  counted(count(*), 'invalidation', 'invalidations') || ' waited for ' || told(w.device) || ' longer than ' || $bound_ms || ' ms, at worst ' || duration_text(max(w.wait))
    || ' (of all ' || any_value(p.evictions) || ': p50 ' || duration_text(any_value(p.p50)) || ', p99 ' || duration_text(any_value(p.p99)) || ')' AS message,
  count(*) AS count, sum(w.bytes) AS bytes, min(w.begin_ts) AS first_ts, max(w.begin_ts) AS last_ts, arg_max(w.id, w.wait) AS lifetime,
  arg_max(w.open_stack, w.wait) AS open_stack, arg_max(w.close_stack, w.wait) AS close_stack,
  'certain' AS confidence, 'the begin of each invalidation and the importer''s last unmap in it were seen' AS reason,
  any_value(p.p50) AS p50, any_value(p.p99) AS p99, max(w.wait) AS worst
FROM waits w
JOIN importers p ON p.capture = w.capture AND p.device IS NOT DISTINCT FROM w.device AND p.kind = w.kind
LEFT JOIN stacks s ON s.id = w.open_stack
LEFT JOIN stacks u ON u.id = w.close_stack
WHERE w.wait > $bound_ms * 1000000::BIGINT
GROUP BY w.capture, w.device, w.kind, s.site, s.via, u.site, u.via
ORDER BY w.capture, w.device::VARCHAR, w.kind::VARCHAR, s.site, s.via, u.site, u.via
