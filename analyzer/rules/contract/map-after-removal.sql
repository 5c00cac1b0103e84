-- id: map-after-removal
-- title: Memory of a provider mapped after the provider was gone
-- severity: error
-- family: contract
-- needs: open in pool; record the probes of the pack p2pmem (dmaspan probes show p2pmem)
-- needs: exit in pool that occurred; unbind or unplug the provider, with the probes of the pack p2pmem
-- reads: none
-- why: On unplug every mapping goes first, and later attempts fail. One that succeeds maps addresses behind which nothing is, or something else.
-- next: The provider must refuse from the moment its removal begins (percpu_ref_kill of the page map, or a flag under the lock that mapping takes).
-- contract: Documentation/driver-api/pci/p2pdma.rst; drivers/pci/p2pdma.c, pci_p2pdma_release()
WITH state AS (
  SELECT capture, device, seq, ts, op = 'exit' AS gone FROM events
  WHERE device IS NOT NULL AND ((op = 'exit' AND layer = 'pool') OR (event::VARCHAR LIKE '%p2p_add_resource%' AND error IS NULL))
),
late_maps AS (
  SELECT l.*, s.ts AS gone_ts
  FROM lifetimes l
  ASOF JOIN state s ON s.capture = l.capture AND s.device = l.device AND s.seq < l.open_seq
  WHERE l.layer = 'pool' AND s.gone
)
SELECT
  m.capture, m.device, m.kind, s.site, s.via, NULL AS close_site,
  counted(count(*), 'mapping', 'mappings') || ' of ' || told(m.device) || '''s memory made after it was gone, up to ' || duration_text(max(m.opened_ts - m.gone_ts)) || ' later' AS message,
  count(*) AS count, sum(m.len) AS bytes, min(m.opened_ts) AS first_ts, max(m.opened_ts) AS last_ts, min(m.id) AS lifetime,
  arg_min(m.open_stack, m.id) AS open_stack, 'certain' AS confidence, 'the release of the provider''s pool and the map after it were seen, and no new pool between them' AS reason
FROM late_maps m
LEFT JOIN stacks s ON s.id = m.open_stack
GROUP BY m.capture, m.device, m.kind, s.site, s.via
ORDER BY m.capture, m.device::VARCHAR, m.kind::VARCHAR, s.site, s.via
