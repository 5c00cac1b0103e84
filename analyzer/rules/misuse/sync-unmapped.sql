-- id: sync-unmapped
-- title: Synced after the unmap
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: sync in dma; record dma:dma_sync_* (if they were recorded, nothing was synced)
-- reads: none
-- anomaly: sync_unmapped
-- why: A sync of memory that is no longer mapped works on whatever lies there now; with a bounce buffer it copies stale data over live data.
-- next: Sync before the unmap, or not at all: an unmap syncs by itself.
-- contract: kernel/dma/debug.c, check_sync(): "device driver tries to sync DMA memory it has not allocated"
SELECT
  capture, device, coalesce(mapped_kind, event_kind) AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), coalesce(mapped_kind, event_kind)) || ' of ' || told(device) || ' synced after the unmap' AS message,
  count(*) FILTER (NOT again) AS count,
  coalesce(sum(coalesce(mapped_bytes, event_len)) FILTER (NOT again), 0) AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Synced by' AS close_label,
  confidence_of(after_loss) AS confidence,
  reason_of(after_loss, 'the unmap and the sync were both seen, and no map between them', 'events were lost before it: a map in between may be among them') AS reason
FROM incidents
WHERE anomaly = 'sync_unmapped'
GROUP BY capture, device, coalesce(mapped_kind, event_kind), site, via, close_site, close_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via
