-- id: device-fault-after-unmap
-- title: The device reached for memory after its unmap
-- severity: error
-- family: stale
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: dmesg; give the kernel log of the same boot with --dmesg FILE (dmesg > dmesg.txt, not dmesg -T): only the IOMMU sees what the device itself does
-- reads: lifetimes
-- why: The driver gave the buffer up while the device still worked with it. An IOMMU in strict mode stops the access; in lazy mode, or
--   without an IOMMU, the device reads what is not its own, or overwrites what the memory was given to next.
-- next: Stop the device's queue, and wait until it has let go of the buffer, before the unmap: look at the order in the path that unmaps.
-- contract: Documentation/core-api/dma-api-howto.rst: buffers are unmapped when the DMA activity is finished
WITH hit AS (
  SELECT f.*, l.kind::VARCHAR AS kind, l.open_stack, l.close_stack, o.site, o.via, s.site AS close_site, s.via AS close_via, l.after_loss, c.page_size,
    row_number() OVER (PARTITION BY f.capture, f.device, f.page, f.lifetime ORDER BY f.line) > 1 AS again
  FROM device_faults f
  JOIN captures c ON c.capture = f.capture
  JOIN lifetimes l ON l.id = f.lifetime
  LEFT JOIN stacks o ON o.id = l.open_stack
  LEFT JOIN stacks s ON s.id = l.close_stack
  WHERE f.relation = 'after_unmap'
)
SELECT
  capture, device, kind, site, via, close_site, close_via,
  device || ' reached for ' || counted(count(*) FILTER (NOT again), 'page', 'pages') || ' of memory after the unmap: '
    || told(arg_min(access, line)) || ' at ' || addr_hex(arg_min(addr, line)) || ', which was unmapped ' || duration_text(arg_min(since_unmap, line)) || ' before the IOMMU''s message' AS message,
  count(*) FILTER (NOT again) AS count, (count(*) FILTER (NOT again) * any_value(page_size))::BIGINT AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts, arg_min(lifetime, line) AS lifetime,
  arg_min(open_stack, line) AS open_stack, arg_min(close_stack, line) AS close_stack, 'Unmapped by' AS close_label,
  CASE WHEN bool_and(doubtful OR after_loss) THEN 'possible' WHEN bool_and(NOT doubtful) THEN 'certain' ELSE 'likely' END AS confidence,
  CASE WHEN bool_and(after_loss) THEN 'events were lost: another mapping may have been there'
    WHEN bool_and(doubtful) THEN 'the log''s times are too uncertain to say that the fault came after the unmap'
    ELSE 'the IOMMU stopped the access (kernel log, line ' || min(line) || '), and the last mapping there had been undone; equal faults may be reported once' END AS reason,
  min(line) AS log_line, arg_min(since_unmap, line) AS since_unmap
FROM hit
GROUP BY capture, device, kind, site, via, close_site, close_via
ORDER BY capture, device, kind, site, via, close_site, close_via
