-- id: unmap-unknown
-- title: Unmapped what was never mapped
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: close in iommu that occurred; record iommu:unmap, on a machine with an IOMMU: without it, memory that was never mapped and memory mapped before the capture look alike
-- reads: none
-- anomaly: unmap_unknown
-- why: The address never came from the DMA API, or was damaged since: some mapping is leaked and another one may be torn down instead.
-- next: Check where the driver keeps the DMA address: an uninitialised field, a CPU address in its place, or a handle of another ring.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver tries to free DMA memory it has not allocated"
SELECT
  capture, device, event_kind AS kind, site, via, close_site, close_via,
  counted(count(*), 'unmap', 'unmaps') || ' where nothing was mapped for ' || told(device) AS message,
  count(*) AS count, coalesce(sum(event_len), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  NULL::BIGINT AS lifetime, NULL::UINTEGER AS open_stack, arg_min(close_stack, seq) AS close_stack, 'Unmapped by' AS close_label,
  confidence_of(after_loss) AS confidence,
  reason_of(after_loss, 'the IOMMU had nothing to unmap at that address', 'events were lost before it: its map and the IOMMU''s unmap may be among them') AS reason
FROM incidents
WHERE anomaly = 'unmap_unknown'
GROUP BY capture, device, event_kind, site, via, close_site, close_via
ORDER BY capture, device, kind, site, via, close_site, close_via
