-- id: device-mismatch
-- title: Unmapped for another device
-- severity: error
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: device_mismatch
-- why: The unmap does nothing, or tears down somebody else's mapping, and the mapping that was meant stays for ever.
-- next: Pass the same struct device to the map and to the unmap; look for a bridge's or a parent's device in place of the function's.
-- contract: kernel/dma/debug.c, check_unmap(): "device driver tries to free DMA memory it has not allocated" (for the wrong device)
SELECT
  capture, mapped_device AS device, mapped_kind AS kind, site, via, close_site, close_via,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of ' || mapped_device || ' unmapped for another device, ' || told(device) || ', and still open' AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(mapped_bytes) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(open_stack, seq) AS open_stack, arg_min(close_stack, seq) AS close_stack,
  'Unmapped for ' || told(device) || ' by' AS close_label,
  unmap_confidence(may_be_older, after_loss) AS confidence,
  unmap_reason(may_be_older, after_loss, 'the unmap fits no mapping of its own device, and this one was never unmapped',
    'events were lost: the other device''s own map, or this mapping''s unmap, may be among them') AS reason,
  unmap_advice(may_be_older) AS advice
FROM incidents
WHERE anomaly = 'device_mismatch'
GROUP BY capture, mapped_device, device, mapped_kind, site, via, close_site, close_via, may_be_older
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, mapped_device, incidents.device, mapped_kind, site, via, close_site, close_via, may_be_older
