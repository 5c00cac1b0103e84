-- id: attrs-mismatch
-- title: Unmapped with other attributes
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: attrs_mismatch
-- why: Attributes such as MMIO decide which code undoes the mapping: a peer's memory unmapped as RAM, or RAM as a peer's, is not undone properly. Since 6.18 this is also how dma_map_page undone by dma_unmap_resource shows.
-- next: Unmap with the attributes that were mapped, and by the function that goes with the map.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver frees DMA memory with different attributes"
SELECT
  capture, device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of ' || told(device) || ' unmapped with other attributes: the first was mapped with '
    || told(printf('0x%x', arg_min(mapped_attrs, seq))) || ' and unmapped with ' || told(printf('0x%x', arg_min(event_attrs, seq))) AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(mapped_bytes) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped by' AS close_label,
  unmap_confidence(may_be_older, mapped_spans_loss) AS confidence,
  unmap_reason(may_be_older, mapped_spans_loss, 'the map and the unmap were both seen', 'events were lost between them: the unmap may belong to a later mapping of the same address') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'attrs_mismatch'
GROUP BY capture, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, site, via, close_site, close_via, may_be_older
