-- id: leak-pool
-- title: Peer-to-peer memory never given back to its pool
-- severity: error
-- family: leak
-- needs: open of pool in pool; record the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- needs: exit in pool that occurred, or remove or removed that occurred; unbind the provider's driver, or the driver that took the memory, before the capture ends, with the probes of the packs p2pmem and removal
-- reads: none
-- why: A controller's memory buffer is small, and shared. What is not given back is lost until the provider is reset, and keeps the provider from going.
-- next: pci_free_p2pmem on every path that gives the buffer up, error paths and the driver's remove function first.
-- contract: Documentation/driver-api/pci/p2pdma.rst; drivers/pci/p2pdma.c, pci_free_p2pmem()
WITH gone AS (
  -- The provider's pool is gone.
  SELECT DISTINCT p.id
  FROM lifetimes p
  JOIN events e ON e.capture = p.capture AND e.op = 'exit' AND e.layer = 'pool' AND e.seq > p.open_seq
    AND e.device IS NOT DISTINCT FROM p.device
  WHERE p.layer = 'pool' AND p.kind = 'pool' AND p.closed_ts IS NULL
),
orphaned AS (
  -- The driver of a device that had the memory mapped is gone.
  SELECT l.parent AS id FROM lifetimes l WHERE l.layer = 'dma' AND l.parent IS NOT NULL AND l.closed_ts IS NULL AND l.before_removal
  UNION
  -- A mapping that an import has made its own is known by its memory only.
  SELECT p.id
  FROM lifetimes l
  JOIN lifetimes p ON p.capture = l.capture AND l.phys BETWEEN p.phys AND p.phys::HUGEINT + p.len - 1 AND p.open_seq < l.open_seq
  WHERE l.layer = 'dma' AND l.closed_ts IS NULL AND l.before_removal AND p.layer = 'pool' AND p.kind = 'pool' AND p.closed_ts IS NULL
),
frees AS (
  -- Captures that show frees, or say that they would have: text does not say what it was set up for.
  SELECT DISTINCT n.capture
  FROM (SELECT capture, event FROM event_counts UNION ALL SELECT capture, unnest(recorded_events) FROM captures) n
  JOIN event_types t ON t.layer = 'pool' AND t.op = 'close' AND t.event = split_part(n.event, ':', -1)
),
leaked AS (
  SELECT p.*, s.site, s.via, g.id IS NOT NULL AS provider, g.id IS NOT NULL AND p.capture NOT IN (FROM frees) AS unknowable
  FROM lifetimes p
  LEFT JOIN gone g ON g.id = p.id
  LEFT JOIN orphaned o ON o.id = p.id
  LEFT JOIN stacks s ON s.id = p.open_stack
  WHERE p.layer = 'pool' AND p.kind = 'pool' AND p.closed_ts IS NULL AND (g.id IS NOT NULL OR o.id IS NOT NULL)
)
SELECT
  capture, device, kind, site, via, NULL AS close_site,
  counted(count(*), 'allocation', 'allocations') || ' of ' || told(device) || '''s peer-to-peer memory never given back, though '
    || CASE WHEN provider THEN 'the provider is gone' ELSE 'the driver of the device that had it mapped is gone' END AS message,
  count(*) AS count, sum(len) AS bytes, min(opened_ts) AS first_ts, max(opened_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack,
  CASE WHEN unknowable THEN 'unknown' WHEN bool_and(after_loss) THEN 'possible' WHEN provider THEN 'certain' ELSE 'likely' END AS confidence,
  CASE WHEN unknowable THEN 'record the probes of the pack p2pmem (dmaspan probes show p2pmem)' END AS advice,
  CASE WHEN unknowable THEN 'the capture has no free of such memory, and does not say whether it would show one'
    WHEN bool_and(after_loss) THEN 'events were lost while it was held: its free may be among them'
    WHEN provider THEN 'the provider''s pool was seen to go, and no free was seen'
    ELSE 'a mapping of it was left behind when its driver went; another owner might still free it' END AS reason
FROM leaked
GROUP BY capture, device, kind, provider, unknowable, site, via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, provider, site, via
