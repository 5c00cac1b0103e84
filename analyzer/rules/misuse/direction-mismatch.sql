-- id: direction-mismatch
-- title: Unmapped with another direction
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: direction_mismatch
-- why: The direction decides which caches are written back and invalidated, and whether a bounce buffer is copied back: with the wrong one, data is lost on some machines only.
-- next: Unmap with the direction that was mapped.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver frees DMA memory with different direction"
SELECT
  capture, device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of ' || told(device) || ' unmapped with another direction: the first was mapped '
    || told(arg_min(mapped_dir, seq)) || ' and unmapped ' || told(arg_min(event_dir, seq)) AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(mapped_bytes) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped by' AS close_label,
  unmap_confidence(may_be_older, mapped_spans_loss) AS confidence,
  unmap_reason(may_be_older, mapped_spans_loss, 'the map and the unmap were both seen', 'events were lost between them: the unmap may belong to a later mapping of the same address') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'direction_mismatch'
GROUP BY capture, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
