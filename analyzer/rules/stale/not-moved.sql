-- id: not-moved
-- title: A dma-buf's importer kept its mapping after the exporter revoked it
-- severity: error
-- family: stale
-- needs: open of attachment_map in dmabuf; record the probes of the pack dma-buf (dmaspan probes show dma-buf)
-- needs: close of attachment_map in dmabuf; record the probes of the pack dma-buf (dmaspan probes show dma-buf)
-- needs: invalidate_begin in dmabuf; record the probes of the pack dma-buf (dmaspan probes show dma-buf), while the exporter moves or revokes a buffer
-- param: bound_ms = 100; an importer may take this long
-- reads: none
-- why: After dma_buf_invalidate_mappings (move_notify before) importers must unmap within bounded time: the exporter moves the memory, or takes it
--   away, and a device that still has it mapped works on what lies there then.
-- next: In the importer's invalidate_mappings callback start what leads to dma_buf_unmap_attachment, and do not map again before the exporter lets it.
-- contract: include/linux/dma-buf.h, struct dma_buf_attach_ops, and dma_buf_invalidate_mappings() (dma_buf_move_notify() before Linux 7.0) in drivers/dma-buf/dma-buf.c
WITH kept AS (
  SELECT l.*, l.closed_ts - i.begin_ts AS late, i.begin_ts AS revoked_ts, m.site AS open_site, m.via AS open_via, u.site AS unmap_site, u.via AS unmap_via,
    l.closed_ts IS NULL AND c.last_ts - i.begin_ts <= $bound_ms * 1000000::BIGINT AS early
  FROM lifetimes l
  JOIN invalidations i ON i.id = l.invalidation
  JOIN captures c ON c.capture = l.capture
  LEFT JOIN stacks m ON m.id = l.open_stack
  LEFT JOIN stacks u ON u.id = l.close_stack
  WHERE l.layer = 'dmabuf' AND (l.closed_ts IS NULL OR l.closed_ts - i.begin_ts > $bound_ms * 1000000::BIGINT)
)
SELECT
  capture, device, kind, open_site AS site, open_via AS via, unmap_site AS close_site, unmap_via AS close_via,
  counted(count(*), 'mapping', 'mappings') || ' of ' || told(device) || ' kept after the exporter had revoked the buffer, '
    || CASE WHEN count(closed_ts) = 0 THEN 'and never unmapped' ELSE 'unmapped ' || duration_text(min(late)) || ' later or more' END AS message,
  count(*) AS count, sum(len) AS bytes, min(revoked_ts) AS first_ts, max(revoked_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack, arg_min(close_stack, id) AS close_stack,
  CASE WHEN early THEN 'possible' ELSE confidence_of(after_loss) END AS confidence,
  CASE WHEN early THEN 'the capture ends before the time is over that an importer may take' ELSE reason_of(after_loss, 'the revocation was seen, and no unmap in the time that an importer may take', 'events were lost while it was mapped: its unmap may be among them') END AS reason,
  max(late) AS latest
FROM kept
GROUP BY capture, device, kind, closed_ts IS NULL, early, open_site, open_via, unmap_site, unmap_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, closed_ts IS NULL, early, open_site, open_via, unmap_site, unmap_via
