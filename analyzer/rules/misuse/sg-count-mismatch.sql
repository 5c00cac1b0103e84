-- id: sg-count-mismatch
-- title: Scatterlist unmapped with another count
-- severity: error
-- family: misuse
-- needs: open of sg in dma; record dma:dma_map_sg
-- needs: close of sg in dma; record dma:dma_unmap_sg
-- reads: none
-- anomaly: sg_count_mismatch
-- why: dma_unmap_sg must be given the number of entries that dma_map_sg was given, not the number that it returned; else entries stay mapped for ever.
-- next: Keep the original count (sg_table.orig_nents), or use dma_map_sgtable and dma_unmap_sgtable, which do.
-- contract: Documentation/core-api/dma-api.rst: dma_unmap_sg() takes the nents given to dma_map_sg(), not what it returned; kernel/dma/debug.c: "different entry count"
SELECT
  capture, device, mapped_kind AS kind, site, via, close_site, close_via,
  counted(count(*) FILTER (NOT again), 'scatterlist', 'scatterlists') || ' of ' || told(device) || ' unmapped with another number of entries: the first was mapped with '
    || told(arg_min(expected, seq)) || ' and unmapped with ' || told(arg_min(actual, seq)) AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(len) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped by' AS close_label,
  unmap_confidence(may_be_older, mapped_spans_loss) AS confidence,
  unmap_reason(may_be_older, mapped_spans_loss, 'the map and the unmap were both seen', 'events were lost between them: the unmap may belong to a later mapping of the same address') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'sg_count_mismatch'
GROUP BY capture, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
