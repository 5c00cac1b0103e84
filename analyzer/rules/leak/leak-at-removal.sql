-- id: leak-at-removal
-- title: Still mapped after the device lost its driver
-- severity: error
-- family: leak
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: remove or removed that occurred; unbind the driver (or unplug the device) before the capture ends, and record the probe pack removal: "dmaspan probes show removal" prints how
-- reads: none
-- identity: device, kind, site, via
-- why: When a driver is unbound it must have undone every mapping of its device: nobody else ever will. Each one keeps an IOVA range,
--   or a bounce buffer, for as long as the machine runs, and lets the device reach memory that has long been given to somebody else.
-- next: Find the path of the driver that gives up such a buffer without unmapping it: error paths and the driver's remove function first.
-- contract: kernel/dma/debug.c, dma_debug_device_change(): "device driver has pending DMA allocations while released from device"
WITH blamed AS (
  -- Left over because of another misuse, which has a rule of its own.
  SELECT DISTINCT coalesce(l.sg_group, l.id) AS instance
  FROM incidents i JOIN lifetimes l ON l.id = i.lifetime
  WHERE i.anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch')
),
left_open AS (
  SELECT capture, coalesce(sg_group, id) AS instance, min(id) AS id, device, kind, dir, sum(len) AS bytes, min(opened_ts) AS opened_ts,
    arg_min(open_stack, id) AS open_stack, bool_or(after_loss) AS doubtful, bool_or(unrecordable_unmap) AS unknowable
  FROM lifetimes
  WHERE layer = 'dma' AND closed_ts IS NULL AND before_removal AND NOT remainder
  GROUP BY capture, coalesce(sg_group, id), device, kind, dir
),
leaked AS (
  SELECT o.*, s.site, s.via
  FROM left_open o
  LEFT JOIN stacks s ON s.id = o.open_stack
  WHERE o.instance NOT IN (SELECT instance FROM blamed)
),
removal AS (
  SELECT capture, device, max(ts) FILTER (op = 'removed') AS removed_ts
  FROM events WHERE op IN ('remove', 'removed') GROUP BY capture, device
),
-- Who unmaps such mappings when all goes well.
closer AS (
  SELECT l.capture, l.device, l.kind, s.site, mode(l.close_stack) AS close_stack
  FROM lifetimes l
  LEFT JOIN stacks s ON s.id = l.open_stack
  WHERE l.layer = 'dma' AND l.end_reason = 'closed' AND l.close_stack IS NOT NULL
    AND (l.device, l.kind) IN (SELECT (device, kind) FROM leaked)
  GROUP BY l.capture, l.device, l.kind, s.site
)
SELECT
  k.capture, k.device, k.kind, k.site, k.via, c.site AS close_site, c.via AS close_via,
  things(count(*), k.kind) || ' of ' || k.device || ' still open after the device lost its driver' AS message,
  count(*) AS count, sum(k.bytes) AS bytes, min(k.opened_ts) AS first_ts, max(k.opened_ts) AS last_ts,
  min(k.id) AS lifetime, arg_min(k.open_stack, k.id) AS open_stack,
  any_value(u.close_stack) AS close_stack, 'Others like it are unmapped by' AS close_label,
  CASE WHEN k.unknowable THEN 'unknown' WHEN bool_and(k.doubtful) THEN 'possible'
    WHEN max(r.removed_ts) >= max(k.opened_ts) THEN 'certain' ELSE 'likely' END AS confidence,
  CASE WHEN k.unknowable THEN 'ftrace cannot record the unmap of a scatterlist of 504 entries or more, so its absence proves nothing'
    WHEN max(r.removed_ts) >= max(k.opened_ts)
      THEN reason_of(k.doubtful, 'the driver was gone, and no unmap was seen', 'events were lost while it was mapped: its unmap may be among them')
    ELSE reason_of(k.doubtful, 'the removal was seen to begin, not to end, and no unmap was seen', 'events were lost while it was mapped: its unmap may be among them')
  END AS reason,
  CASE WHEN k.unknowable THEN 'perf records such events up to about 1016 entries; or see them with a probe.' END AS advice
FROM leaked k
LEFT JOIN removal r ON r.capture = k.capture AND r.device = k.device
LEFT JOIN closer u ON u.capture = k.capture AND u.device = k.device AND u.kind = k.kind AND u.site IS NOT DISTINCT FROM k.site
LEFT JOIN stacks c ON c.id = u.close_stack
GROUP BY k.capture, k.device, k.kind, k.site, k.via, c.site, c.via, k.unknowable
ORDER BY k.capture, k.device::VARCHAR, k.kind, k.site, k.via, c.site, c.via, k.unknowable
