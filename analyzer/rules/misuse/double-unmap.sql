-- id: double-unmap
-- title: Unmapped twice
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: double_unmap
-- why: The second unmap frees an IOVA range that may already belong to somebody else: the device that owns it then faults, or its data goes astray.
-- next: Look for two paths that both give the buffer back, such as an error path and the completion; clear the stored handle after the unmap.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver tries to free DMA memory it has not allocated"
SELECT
  capture, device, coalesce(mapped_kind, event_kind) AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), coalesce(mapped_kind, event_kind)) || ' of ' || told(device)
    || ' unmapped again after the unmap' AS message,
  count(*) FILTER (NOT again) AS count,
  coalesce(sum(coalesce(mapped_bytes, event_len)) FILTER (NOT again), 0) AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts, arg_min(lifetime, seq) AS lifetime,
  arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack, 'Unmapped again by' AS close_label,
  unmap_confidence(may_be_older, after_loss) AS confidence,
  unmap_reason(may_be_older, after_loss, 'both unmaps were seen, and no map between them', 'events were lost before it: a map in between may be among them') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'double_unmap'
GROUP BY capture, device, coalesce(mapped_kind, event_kind), site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
