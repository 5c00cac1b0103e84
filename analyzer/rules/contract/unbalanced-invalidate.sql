-- id: unbalanced-invalidate
-- title: An invalidation that began and never ended
-- severity: warning
-- family: contract
-- needs: invalidate_begin in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- param: patience_ms = 1000; one that began this short before the capture's end may still be under way
-- reads: none
-- why: Until the end every importer of the range waits: it may not map again, and faults spin.
-- next: Look at the error paths of the thread that began it: each mmu_notifier_invalidate_range_start needs its _end. One whose callbacks may not sleep (OOM reaper) may fail, and then has none.
-- contract: include/linux/mmu_notifier.h, struct mmu_notifier_ops: invalidate_range_start and invalidate_range_end come in pairs
SELECT
  i.capture, NULL AS device, NULL AS kind, s.site, s.via, NULL AS close_site,
  counted(count(*), 'invalidation', 'invalidations') || ' (' || told(i.cause) || ') of ' || counted(count(DISTINCT i.mm), 'address space', 'address spaces') || ' began and never ended' AS message,
  count(*) AS count, coalesce(sum(i.len), 0)::BIGINT AS bytes, min(i.begin_ts) AS first_ts, max(i.begin_ts) AS last_ts, NULL AS lifetime,
  arg_min(e.stack, i.id) AS open_stack,
  CASE WHEN any_value(c.losses) > 0 THEN 'possible' ELSE 'certain' END AS confidence,
  CASE WHEN any_value(c.losses) > 0 THEN 'events were lost: its end may be among them' ELSE 'its begin was seen, and no end in all the time until the capture ended' END AS reason
FROM invalidations i
JOIN captures c ON c.capture = i.capture
LEFT JOIN events e ON e.seq = i.begin_seq
LEFT JOIN stacks s ON s.id = e.stack
WHERE i.layer = 'import' AND i.end_ts IS NULL AND NOT i.non_blocking AND i.cause IS DISTINCT FROM 'release' AND c.last_ts - i.begin_ts > $patience_ms * 1000000::BIGINT
GROUP BY i.capture, i.cause, s.site, s.via
ORDER BY i.capture, i.cause, s.site, s.via
