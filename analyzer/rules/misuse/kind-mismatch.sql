-- id: kind-mismatch
-- title: Unmapped by the wrong function
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: kind_mismatch
-- why: Each way of mapping has bookkeeping of its own: the wrong function undoes part of it, or of something else.
-- next: Undo dma_map_page and dma_map_single by dma_unmap_page, dma_map_sg by dma_unmap_sg, dma_alloc_coherent by dma_free_coherent, dma_map_resource by dma_unmap_resource.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver frees DMA memory with wrong function"
SELECT
  capture, device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of ' || told(device) || ' unmapped by the wrong function: the first was made as '
    || told(arg_min(mapped_kind, seq)) || ' and undone by ' || told(arg_min(event, seq)) AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(mapped_bytes) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped by' AS close_label,
  unmap_confidence(may_be_older, mapped_spans_loss) AS confidence,
  unmap_reason(may_be_older, mapped_spans_loss, 'the map and the unmap were both seen', 'events were lost between them: the unmap may belong to a later mapping of the same address') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'kind_mismatch'
GROUP BY capture, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
