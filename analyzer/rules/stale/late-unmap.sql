-- id: late-unmap
-- title: Unmapped after the invalidation had ended
-- severity: warning
-- family: stale
-- needs: open in import; record the importer's map calls (dmaspan probes list)
-- needs: close in import; record the importer's unmap calls (dmaspan probes list)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- needs: open of notifier in watch; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- param: bound_ms = 100; later than this is stale-after-invalidate
-- reads: none
-- why: A callback that only schedules the unmap leaves a window in which the device reaches memory that its owner has given away already.
-- next: Unmap inside the callback, or wait there until the worker has; a work item queued from it is too late by definition.
-- contract: include/linux/mmu_notifier.h, struct mmu_notifier_ops, invalidate_range_start; Documentation/mm/hmm.rst
WITH late_ones AS (
  SELECT d.*, m.site AS open_site, m.via AS open_via, u.site AS unmap_site, u.via AS unmap_via
  FROM disobedience d
  LEFT JOIN stacks m ON m.id = d.open_stack
  LEFT JOIN stacks u ON u.id = d.close_stack
  WHERE d.late <= $bound_ms * 1000000::BIGINT
)
SELECT
  capture, device, kind, open_site AS site, open_via AS via, unmap_site AS close_site, unmap_via AS close_via,
  counted(sum(pages), 'page', 'pages') || ' of ' || told(device) || ' unmapped ' || duration_text(min(late)) || ' to ' || duration_text(max(late))
    || ' after the invalidation (' || told(cause) || ') had ended' AS message,
  sum(pages)::BIGINT AS count, sum(len) AS bytes, min(invalidate_end_ts) AS first_ts, max(invalidate_end_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack, arg_min(close_stack, id) AS close_stack,
  CASE WHEN duty THEN 'warning' ELSE 'info' END AS severity,
  CASE WHEN duty THEN 'certain' ELSE 'possible' END AS confidence,
  CASE WHEN duty THEN 'both the end of the invalidation and the unmap after it were seen' ELSE 'not every importer must let go for this cause' END AS reason,
  any_value(cause) AS cause, min(late) AS soonest, max(late) AS latest
FROM late_ones
GROUP BY capture, device, kind, cause, duty, open_site, open_via, unmap_site, unmap_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, cause, duty, open_site, open_via, unmap_site, unmap_via
