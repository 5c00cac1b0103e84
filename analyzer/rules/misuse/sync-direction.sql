-- id: sync-direction
-- title: Synced with another direction
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: sync in dma; record dma:dma_sync_* (if they were recorded, nothing was synced)
-- reads: none
-- anomaly: sync_direction
-- why: The direction decides what the sync does to the caches and to a bounce buffer: with the wrong one, data is lost on some machines only.
-- next: Sync with the direction that was mapped.
-- contract: kernel/dma/debug.c, check_sync(): "device driver syncs DMA memory with different direction", "read-only for cpu", "write-only to device"
SELECT
  capture, device, coalesce(mapped_kind, event_kind) AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), coalesce(mapped_kind, event_kind)) || ' of ' || told(device) || ' synced with another direction: the first was mapped ' || told(arg_min(mapped_dir, seq)) || ' and synced ' || told(arg_min(event_dir, seq)) AS message,
  count(*) FILTER (NOT again) AS count,
  coalesce(sum(coalesce(mapped_bytes, event_len)) FILTER (NOT again), 0) AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Synced by' AS close_label,
  confidence_of(mapped_spans_loss) AS confidence,
  reason_of(mapped_spans_loss, 'the map and the sync were both seen', 'events were lost between them: another mapping may have taken its place') AS reason
FROM incidents
WHERE anomaly = 'sync_direction'
GROUP BY capture, device, coalesce(mapped_kind, event_kind), site, via, close_site, close_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via
