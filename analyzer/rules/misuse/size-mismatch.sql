-- id: size-mismatch
-- title: Unmapped with another size
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: size_mismatch
-- why: With an IOMMU the rest stays mapped and nobody owns it any more; with a larger size the neighbour's mapping is torn down.
-- next: Unmap with the size that was mapped: keep it beside the address (DEFINE_DMA_UNMAP_LEN).
-- contract: kernel/dma/debug.c, check_unmap(): "device driver frees DMA memory with different size"
SELECT
  capture, device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of ' || told(device) || ' unmapped with another size: the first was mapped with '
    || told(arg_min(mapped_len, seq)) || ' bytes and unmapped with ' || told(arg_min(event_len, seq)) AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(abs(mapped_len::HUGEINT - event_len::HUGEINT)) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped by' AS close_label,
  unmap_confidence(may_be_older, mapped_spans_loss) AS confidence,
  unmap_reason(may_be_older, mapped_spans_loss, 'the map and the unmap were both seen', 'events were lost between them: the unmap may belong to a later mapping of the same address') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents AS i
WHERE anomaly = 'size_mismatch'
  AND NOT EXISTS (SELECT 1 FROM incidents k WHERE k.seq = i.seq AND k.anomaly = 'kind_mismatch')
GROUP BY capture, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
