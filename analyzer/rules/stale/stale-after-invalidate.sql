-- id: stale-after-invalidate
-- title: Still mapped after an invalidation had ended
-- severity: error
-- family: stale
-- needs: open in import; record the importer's map calls (dmaspan probes list)
-- needs: close in import; record the importer's unmap calls (dmaspan probes list)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- needs: open of notifier in watch; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier)
-- param: bound_ms = 100; unmapped within this time after the end is late-unmap
-- reads: none
-- why: From the return of invalidate_range_start to the end of the invalidation the importer must let go of the range: after it the owner
--   gives the memory to somebody else. A device that still has it mapped reads, or writes, what is not the process's any more.
-- next: In the importer's invalidate callback unmap every page of the range before it returns (and bump the sequence number under the
--   lock that the fault path takes); look at what the callback skips, and at fault paths that map behind its back.
-- contract: include/linux/mmu_notifier.h, struct mmu_notifier_ops, invalidate_range_start and invalidate_range_end; Documentation/mm/hmm.rst
WITH stale AS (
  SELECT d.*, m.site AS open_site, m.via AS open_via, u.site AS unmap_site, u.via AS unmap_via
  FROM disobedience d
  LEFT JOIN stacks m ON m.id = d.open_stack
  LEFT JOIN stacks u ON u.id = d.close_stack
  WHERE d.late IS NULL OR d.late > $bound_ms * 1000000::BIGINT
)
SELECT
  capture, device, kind, open_site AS site, open_via AS via, unmap_site AS close_site, unmap_via AS close_via,
  counted(sum(pages), 'page', 'pages') || ' of ' || told(device) || ' still mapped when the invalidation (' || told(cause) || ') had ended, '
    || CASE WHEN count(closed_ts) = 0 THEN 'and never unmapped'
        WHEN count(closed_ts) < count(*) THEN counted(count(*) - count(closed_ts), 'mapping', 'mappings') || ' of them never unmapped'
        ELSE 'unmapped ' || duration_text(min(late)) || ' later or more' END AS message,
  sum(pages)::BIGINT AS count, sum(len) AS bytes, min(invalidate_end_ts) AS first_ts, max(invalidate_end_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack, arg_min(close_stack, id) AS close_stack,
  CASE WHEN duty THEN 'error' ELSE 'info' END AS severity,
  CASE WHEN NOT duty THEN 'possible' ELSE confidence_of(after_loss) END AS confidence,
  CASE WHEN NOT duty THEN 'not every importer must let go for this cause: a mapping that only reads may survive a protection change, an owner''s own its migration'
    ELSE reason_of(after_loss, 'the invalidation ran from begin to end under the importer''s notifier, and the unmap was not in it', 'events were lost while it was mapped: its unmap may be among them') END AS reason,
  any_value(cause) AS cause, max(late) AS latest
FROM stale
GROUP BY capture, device, kind, cause, duty, open_site, open_via, unmap_site, unmap_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, cause, duty, open_site, open_via, unmap_site, unmap_via
