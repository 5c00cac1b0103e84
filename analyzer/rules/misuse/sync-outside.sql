-- id: sync-outside
-- title: Synced past the end of the mapping
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: sync in dma; record dma:dma_sync_* (if they were recorded, nothing was synced)
-- reads: none
-- anomaly: sync_outside
-- why: The sync touches memory that belongs to somebody else; with a bounce buffer it overwrites it.
-- next: Sync at most what was mapped: offset and length must stay within the mapping.
-- contract: kernel/dma/debug.c, check_sync(): "device driver syncs DMA memory outside allocated range"
SELECT
  capture, device, coalesce(mapped_kind, event_kind) AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), coalesce(mapped_kind, event_kind)) || ' of ' || told(device) || ' synced beyond the end: the first has ' || told(arg_min(expected, seq)) || ' bytes and was synced up to ' || told(arg_min(actual, seq)) AS message,
  count(*) FILTER (NOT again) AS count,
  coalesce(sum(coalesce(mapped_bytes, event_len)) FILTER (NOT again), 0) AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Synced by' AS close_label,
  confidence_of(mapped_spans_loss) AS confidence,
  reason_of(mapped_spans_loss, 'the map and the sync were both seen', 'events were lost between them: another mapping may have taken its place') AS reason
FROM incidents
WHERE anomaly = 'sync_outside'
GROUP BY capture, device, coalesce(mapped_kind, event_kind), site, via, close_site, close_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via
