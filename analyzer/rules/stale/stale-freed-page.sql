-- id: stale-freed-page
-- title: Memory freed while it was mapped
-- severity: error
-- family: stale
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: free in page or pool; record kmem:mm_page_free, and for peer-to-peer memory the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- reads: none
-- anomaly: freed_mapped
-- why: Freed memory belongs to whoever gets it next, and the device can still write it. This is how a driver's bug becomes another one's crash.
-- next: Unmap first, then free. Where the two are in different hands (a network stack, a pool), look at who gave the page up early.
-- contract: drivers/iommu/iommu-debug-pagealloc.c, which checks the same inside the kernel; Documentation/core-api/dma-api-howto.rst
SELECT
  capture, mapped_device AS device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*), mapped_kind) || ' of ' || told(mapped_device) || ' whose memory was freed while mapped' AS message,
  count(*) AS count, sum(len) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Freed by' AS close_label,
  confidence_of(after_loss) AS confidence,
  reason_of(after_loss, 'the map and the free were both seen, and no unmap between them', 'events were lost while it was mapped: its unmap may be among them') AS reason
FROM incidents
WHERE anomaly = 'freed_mapped'
GROUP BY capture, mapped_device, mapped_kind, site, via, close_site, close_via
ORDER BY capture, mapped_device, mapped_kind, site, via, close_site, close_via
