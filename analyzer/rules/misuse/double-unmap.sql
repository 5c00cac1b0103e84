-- id: double-unmap
-- title: Unmapped twice
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- param: factor = 4; so many times as long as any mapping of its sort lived, the capture must have gone on: then what it unmapped was no mapping from before it
-- reads: none
-- anomaly: double_unmap
-- why: The second unmap frees an IOVA range that may already belong to somebody else: the device that owns it then faults, or its data goes astray.
-- next: Look for two paths that both give the buffer back, such as an error path and the completion; clear the stored handle after the unmap.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver tries to free DMA memory it has not allocated"
WITH judged AS (
  -- Memory may be mapped at its own address as often as one likes, and any number of lists begin with it: one of those that are older than the
  -- capture may have been unmapped first, in the place of the mapping that was seen.
  SELECT i.*, coalesce((i.mapped_kind = 'sg' OR i.mapped_phys = i.addr) AND b.older > 0
    AND (b.longest IS NULL OR i.ts - c.first_ts <= $factor * b.longest), false) AS unknowable
  FROM incidents i
  JOIN captures c ON c.capture = i.capture
  LEFT JOIN siblings b ON b.layer = 'dma' AND b.capture = i.capture AND b.device::VARCHAR = i.device AND b.kind::VARCHAR = i.mapped_kind
    AND b.dir::VARCHAR IS NOT DISTINCT FROM i.mapped_dir
  WHERE i.anomaly = 'double_unmap'
)
SELECT
  capture, device, coalesce(mapped_kind, event_kind) AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), coalesce(mapped_kind, event_kind)) || ' of ' || told(device)
    || ' unmapped again after the unmap' AS message,
  count(*) FILTER (NOT again) AS count,
  coalesce(sum(coalesce(mapped_bytes, event_len)) FILTER (NOT again), 0) AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts, arg_min(lifetime, seq) AS lifetime,
  arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack, 'Unmapped again by' AS close_label,
  CASE WHEN unknowable THEN 'unknown' ELSE confidence_of(after_loss) END AS confidence,
  CASE WHEN unknowable THEN 'memory was unmapped more often than it was mapped, and may have been mapped once more before the capture'
    ELSE reason_of(after_loss, 'both unmaps were seen, and no map between them', 'events were lost before it: a map in between may be among them') END AS reason,
  CASE WHEN unknowable THEN 'begin to record before the driver maps anything, or record longer than its mappings live.' END AS advice
FROM judged
GROUP BY capture, device, coalesce(mapped_kind, event_kind), site, via, close_site, close_via, unknowable
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, unknowable
