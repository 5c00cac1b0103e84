-- id: stale-after-removal
-- title: Peer-to-peer memory still mapped after its provider was gone
-- severity: error
-- family: stale
-- needs: open in dma or pool; record the events dma:*, and the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- needs: open in pool; record the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- needs: exit in pool that occurred; unbind or unplug the provider while peers use its memory, with the probes of the pack p2pmem
-- reads: none
-- why: When a provider goes its BAR goes, and with the next rescan the addresses are somebody else's: a peer that still has them mapped writes into that.
-- next: On the provider's removal every importer must have unmapped before the pool is released; look at who holds the mapping, and whether it heard of the removal.
-- contract: Documentation/driver-api/pci/p2pdma.rst; drivers/pci/p2pdma.c, pci_p2pdma_release()
WITH gone AS (
  SELECT capture, device, ts, seq FROM events WHERE op = 'exit' AND layer = 'pool' AND device IS NOT NULL
),
of_pool AS (
  -- A mapping that an import has made its own is known by its memory only.
  SELECT l.id, l.parent AS pool FROM lifetimes l WHERE l.layer IN ('dma', 'iova') AND l.parent IS NOT NULL
  UNION
  SELECT l.id, p.id
  FROM lifetimes l
  JOIN lifetimes p ON p.capture = l.capture AND l.phys BETWEEN p.phys AND p.phys::HUGEINT + p.len - 1
    AND p.open_seq < l.open_seq AND (p.close_seq IS NULL OR p.close_seq > l.open_seq)
  WHERE l.layer IN ('dma', 'iova') AND p.layer = 'pool' AND p.kind = 'pool'
),
stale AS (
  -- Mappings of pool memory, and what was mapped for the provider's peers out of its pages that came back only after it was gone.
  SELECT l.*, g.ts AS gone_ts, g.device AS provider, s.site, s.via, u.site AS unmap_site, u.via AS unmap_via
  FROM lifetimes l
  JOIN of_pool o ON o.id = l.id
  JOIN lifetimes p ON p.id = o.pool AND p.layer = 'pool'
  JOIN gone g ON g.capture = l.capture AND g.device = p.device AND g.seq > l.open_seq AND (l.close_seq IS NULL OR l.close_seq > g.seq)
  LEFT JOIN stacks s ON s.id = l.open_stack
  LEFT JOIN stacks u ON u.id = l.close_stack
  WHERE l.layer IN ('dma', 'iova')
)
SELECT
  capture, device, kind, site, via, unmap_site AS close_site, unmap_via AS close_via,
  things(count(*), kind) || ' of ' || told(device) || ' still open when its provider ' || provider || ' was gone' AS message,
  count(*) AS count, sum(len) AS bytes, min(gone_ts) AS first_ts, max(gone_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack, arg_min(close_stack, id) AS close_stack,
  confidence_of(after_loss) AS confidence,
  reason_of(after_loss, 'the provider''s pool was seen to go while the mapping was open', 'events were lost while it was mapped: its unmap may be among them') AS reason,
  provider
FROM stale
GROUP BY capture, device, kind, provider, site, via, unmap_site, unmap_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, provider::VARCHAR, site, via, unmap_site, unmap_via
