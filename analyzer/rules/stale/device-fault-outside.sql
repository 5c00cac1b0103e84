-- id: device-fault-outside
-- title: The device reached beside its mappings, or where none is
-- severity: error
-- family: stale
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- needs: dmesg; give the kernel log of the same boot with --dmesg FILE (dmesg > dmesg.txt, not dmesg -T): only the IOMMU sees what the device itself does
-- reads: lifetimes
-- why: The device was told a wrong address or a wrong length. Here the IOMMU stopped it; where the neighbouring address is mapped too, or
--   without an IOMMU, it reads or overwrites memory of somebody else.
-- next: Compare the length and address that the driver writes into the device's descriptor with what it mapped: length in bytes or in units, the last
--   segment of a list, a stale descriptor, a direction that forbids the access.
-- contract: Documentation/core-api/dma-api.rst: a device may access what is mapped for it, in the mapping's direction
WITH fault AS (
  SELECT * REPLACE (
    -- Peer-to-peer memory that the device was given by its bus address, which a switch below the IOMMU should have routed.
    CASE WHEN relation = 'never_mapped' AND EXISTS (
        SELECT 1 FROM events e WHERE e.capture = f.capture AND e.device::VARCHAR = f.device AND e.layer = 'pool' AND e.op = 'note' AND e.phys >= f.page AND e.phys <= f.addr
      ) THEN 'bus_address' ELSE relation END AS relation)
  FROM device_faults f
),
hit AS (
  SELECT f.*, l.kind::VARCHAR AS kind, l.dir::VARCHAR AS dir, l.len, l.open_stack, o.site, o.via, coalesce(l.after_loss, false) AS after_loss, c.page_size,
    -- A page once, whatever was mapped below it in the meantime.
    row_number() OVER (PARTITION BY f.capture, f.device, f.page, f.relation, f.lifetime ORDER BY f.line) > 1 AS again,
    (f.access = 'write' AND l.dir::VARCHAR = 'to_device') OR (f.access = 'read' AND l.dir::VARCHAR = 'from_device') AS forbidden
  FROM fault f
  JOIN captures c ON c.capture = f.capture
  LEFT JOIN lifetimes l ON l.id = f.lifetime
  LEFT JOIN stacks o ON o.id = l.open_stack
  WHERE f.relation IN ('past_end', 'never_mapped', 'inside', 'bus_address')
)
SELECT
  capture, device, kind, site, via, NULL::VARCHAR AS close_site, NULL::VARCHAR AS close_via,
  device || ' reached ' || CASE relation
    WHEN 'past_end' THEN 'past the end of a live mapping: ' || told(arg_min(access, line)) || ' at ' || addr_hex(arg_min(addr, line)) || ', ' || bytes_text(arg_min(beyond, line)) || ' past the end of ' || arg_min(len, line) || ' bytes'
    WHEN 'inside' THEN 'into a live mapping that stopped it: ' || told(arg_min(access, line)) || ' at ' || addr_hex(arg_min(addr, line)) || ', mapped ' || told(arg_min(dir, line))
    WHEN 'bus_address' THEN 'for ' || counted(count(DISTINCT page), 'page', 'pages') || ' of peer-to-peer memory by bus address, and the IOMMU got the request: ' || told(arg_min(access, line)) || ' at ' || addr_hex(arg_min(addr, line))
    ELSE 'for ' || counted(count(DISTINCT page), 'page', 'pages') || ' where nothing was mapped for it: ' || told(arg_min(access, line)) || ' at ' || addr_hex(arg_min(addr, line)) END AS message,
  count(*) FILTER (NOT again) AS count, (count(*) FILTER (NOT again) * any_value(page_size))::BIGINT AS bytes,
  min(ts) AS first_ts, max(ts) AS last_ts, arg_min(lifetime, line) AS lifetime,
  arg_min(open_stack, line) AS open_stack, NULL::UINTEGER AS close_stack,
  CASE WHEN bool_and(doubtful OR after_loss) OR (relation = 'inside' AND NOT bool_or(coalesce(forbidden, false))) THEN 'possible'
    WHEN relation = 'inside' THEN 'certain' ELSE 'likely' END AS confidence,
  CASE WHEN bool_and(doubtful OR after_loss) THEN 'the log''s times are uncertain, or events were lost: another mapping may have been there'
    WHEN relation = 'past_end' THEN 'the IOMMU stopped the access (kernel log, line ' || min(line) || '); the live mapping below it is the nearest, and newer than the last use of that address'
    WHEN relation = 'inside' AND bool_or(coalesce(forbidden, false)) THEN 'the mapping''s direction forbids the access (kernel log, line ' || min(line) || ')'
    WHEN relation = 'inside' THEN 'the mapping allows the access: its message may have come late, from a time when it was not mapped'
    WHEN relation = 'bus_address' THEN 'the IOMMU stopped the access (kernel log, line ' || min(line) || '); the same memory was chosen for this device as a peer''s, and the switch between them should have routed it: see its ACS settings (lspci -vvv, pci=disable_acs_redir)'
    ELSE 'the IOMMU stopped the access (kernel log, line ' || min(line) || '); no mapping of this capture has the address, but one from before it may' END AS reason,
  min(line) AS log_line, relation
FROM hit
GROUP BY capture, device, kind, site, via, relation
ORDER BY capture, device, kind, site, via, relation
