-- id: leak-attachment
-- title: A dma-buf's attachment or mapping never released
-- severity: error
-- family: leak
-- needs: open of attachment in dmabuf; record the probes of the pack dma-buf (dmaspan probes show dma-buf)
-- needs: close of attachment in dmabuf; record the probes of the pack dma-buf (dmaspan probes show dma-buf)
-- param: min_closed = 10; so many siblings (of the same device, kind and direction) must have been released, to know what is usual
-- param: min_passed = 2; so many siblings were released while it was open
-- param: min_factor = 4; and that is more than for any that was released, by this factor
-- reads: none
-- why: An importer that puts its reference to a dma-buf and leaves the attachment, or its mapping, behind keeps the exporter's memory pinned, or lets its device
--   reach memory whose owner thinks it is free.
-- next: dma_buf_unmap_attachment, dma_buf_detach, then dma_buf_put: on every path, in this order.
-- contract: Documentation/driver-api/dma-buf.rst; include/linux/dma-buf.h, dma_buf_detach()
WITH buffers AS (
  -- What a tracepoint says of the same attachment: the buffer's inode.
  SELECT lifetime AS id, capture, tid, seq, value AS ino FROM events
  WHERE layer = 'dmabuf' AND event::VARCHAR LIKE '%dma_buf_dynamic_attach' AND lifetime IS NOT NULL
),
puts AS (
  SELECT capture, value AS ino, tid, seq FROM events WHERE event::VARCHAR LIKE '%dma_buf_put'
),
mapped AS (
  SELECT DISTINCT capture, other AS object FROM lifetimes WHERE layer = 'dmabuf' AND kind = 'attachment_map' AND closed_ts IS NULL
),
removal AS (
  SELECT capture, device, max(ts) AS removed_ts FROM events WHERE op = 'removed' GROUP BY capture, device
),
open_ones AS (
  -- An attachment with a mapping left is told by the mapping.
  SELECT l.*, coalesce(a.id, l.id) AS attachment
  FROM lifetimes l
  LEFT JOIN lifetimes a ON l.kind = 'attachment_map' AND a.kind = 'attachment' AND a.capture = l.capture AND a.object = l.other AND a.closed_ts IS NULL
  WHERE l.layer = 'dmabuf' AND l.closed_ts IS NULL AND l.kind IN ('attachment', 'attachment_map')
    AND NOT (l.kind = 'attachment' AND EXISTS (SELECT 1 FROM mapped m WHERE m.capture = l.capture AND m.object = l.object))
),
leaked AS (
  -- The task that attached put the buffer as often, since then, as it attached to it: this attachment's put is among them.
  SELECT o.*, s.site, s.via, b.id IS NOT NULL AND (
      SELECT count(*) FROM puts p WHERE p.capture = b.capture AND p.ino = b.ino AND p.tid = b.tid AND p.seq > b.seq
    ) >= (
      SELECT count(*) FROM buffers a WHERE a.capture = b.capture AND a.ino = b.ino AND a.tid = b.tid AND a.seq >= b.seq
    ) AS let_go, coalesce(r.removed_ts >= o.opened_ts, false) AS driver_gone,
    o.invalidation IS NULL AND coalesce(n.closed >= $min_closed AND o.passed >= $min_passed AND o.passed > $min_factor * n.most_passed AND c.last_ts - o.opened_ts > n.longest, false) AS forgotten,
    n.closed
  FROM open_ones o
  JOIN captures c ON c.capture = o.capture
  LEFT JOIN siblings n ON n.id = o.siblings
  LEFT JOIN buffers b ON b.id = o.attachment
  LEFT JOIN stacks s ON s.id = o.open_stack
  LEFT JOIN removal r ON r.capture = o.capture AND r.device = o.device
),
-- The importer let the buffer go; or its driver is gone; or it released all of the sort, one before the next, but this.
judged AS (
  SELECT *, CASE WHEN let_go THEN 'let go' WHEN before_removal THEN 'removed' WHEN forgotten THEN 'forgotten' ELSE 'held' END AS state FROM leaked
)
SELECT
  capture, device, kind, site, via, NULL AS close_site,
  counted(count(*), CASE WHEN kind = 'attachment' THEN 'attachment' ELSE 'mapping' END, CASE WHEN kind = 'attachment' THEN 'attachments' ELSE 'mappings' END)
    || ' of a dma-buf by ' || told(device) || CASE state WHEN 'let go' THEN ' never released, though the buffer was put'
      WHEN 'removed' THEN ' never released, though the device lost its driver'
      WHEN 'forgotten' THEN ' never released, though ' || max(passed) || ' that came later were' ELSE ' not released when the capture ended' END AS message,
  count(*) AS count, sum(len) AS bytes, min(opened_ts) AS first_ts, max(opened_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack,
  CASE WHEN state = 'held' THEN 'unknown' WHEN bool_and(after_loss) THEN 'possible' WHEN state = 'let go' OR bool_and(driver_gone) THEN 'certain' ELSE 'likely' END AS confidence,
  CASE WHEN state = 'held' THEN 'that its importer let the buffer go is in no event' WHEN bool_and(after_loss) THEN 'events were lost while it was open: its release may be among them'
    WHEN state = 'let go' THEN 'a reference to the buffer was put, and neither unmap nor detach was seen'
    WHEN state = 'removed' AND bool_and(driver_gone) THEN 'the driver was gone, and neither unmap nor detach was seen'
    WHEN state = 'removed' THEN 'the removal was seen to begin, not to end, and neither unmap nor detach was seen'
    ELSE 'older than any of the ' || max(closed) || ' of its sort that were released, and passed by more than any of them; that its importer let the buffer go is in no event, so it may be meant to stay' END AS reason,
  CASE WHEN state = 'forgotten' THEN 'warning' END AS severity,
  CASE WHEN state = 'held' THEN 'Unbind the importer''s driver at the end of the capture, with the probes of the pack removal: what it has left by then is leaked.' END AS advice
FROM judged
GROUP BY capture, device, kind, state, site, via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, state, site, via
