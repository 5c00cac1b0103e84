-- What the kernel's own checker (dma-debug, CONFIG_DMA_API_DEBUG) said in the kernel log (`--dmesg`), a row a message, beside what the events show of it. Empty without a log.
--
-- capture: Which input: `captures.capture`.
-- line: Its line in the log: `kernel_messages.line`.
-- ts (ns): Its time on the capture's clock. NULL: it could not be placed.
-- class: What it complains about: `kernel_messages.kind`.
-- device: Device that it names.
-- addr (address): DMA address that it names. NULL: it names none.
-- relation: `agrees`: the events show the same. `alone`: they should show it, and do not. `no_trace`: no event shows this class. `outside_capture`: before its first event, after its last, or of a device that it has no event of.
-- anomaly: For `agrees`, what the replay calls it: `anomalies.kind`. NULL for pending mappings, which are open lifetimes.
-- seq: That anomaly's event: `events.seq`.
-- lifetime: The mapping that it is about: `lifetimes.id`.
-- text: The message.
CREATE VIEW dma_debug_parity AS
WITH class (class, anomaly) AS (
  -- NULL: no event shows it.
  VALUES ('free_unknown', 'double_unmap'), ('free_unknown', 'unmap_unknown'), ('free_unknown', 'device_mismatch'), ('free_unknown', 'before_capture'),
    ('free_invalid', 'unmap_unknown'), ('free_invalid', 'before_capture'), ('free_size', 'size_mismatch'),
    ('free_function', 'kind_mismatch'), ('free_function', 'attrs_mismatch'), ('free_attributes', 'attrs_mismatch'), ('free_attributes', 'kind_mismatch'),
    ('free_entry_count', 'sg_count_mismatch'), ('free_entry_count', 'kind_mismatch'), ('free_direction', 'direction_mismatch'),
    ('sync_unknown', 'sync_unmapped'), ('sync_unknown', 'sync_outside'), ('sync_unknown', 'sync_unknown'), ('sync_outside', 'sync_outside'), ('sync_direction', 'sync_direction'),
    ('overlap', 'overlapping_map'),
    ('free_cpu_address', NULL), ('error_unchecked', NULL), ('sync_entry_count', NULL), ('map_stack', NULL), ('map_text', NULL), ('segment_length', NULL), ('segment_boundary', NULL)
),
message AS (
  SELECT m.*, k.uncertainty + 5000000 AS near, -- a message and its event are of one call
    m.ts IS NOT NULL AND (m.ts + k.uncertainty < c.first_ts OR m.ts - k.uncertainty > c.last_ts) OR NOT EXISTS (FROM devices d WHERE d.device = m.device) AS outside
  FROM kernel_messages m
  JOIN kernel_logs k ON k.capture = m.capture
  JOIN captures c ON c.capture = m.capture
  WHERE m.source = 'dma-debug' AND (m.kind = 'pending' OR m.kind IN (SELECT class FROM class))
),
-- Anomalies, each with the addresses that a message may name: of a list that of every segment, for the kernel complains of each.
judged AS (
  SELECT a.capture, a.kind::VARCHAR AS kind, a.ts, a.seq, a.device::VARCHAR AS device, coalesce(s.addr, a.addr) AS addr, a.lifetime, l.sg_group IS NOT NULL AS list
  FROM anomalies a
  LEFT JOIN lifetimes l ON l.id = a.lifetime
  LEFT JOIN lifetimes s ON s.sg_group = l.sg_group AND s.layer = 'dma'
  WHERE EXISTS (FROM message) AND a.kind::VARCHAR IN (SELECT anomaly FROM class)
),
fits AS (
  SELECT m.capture, m.line, j.kind, j.seq, j.lifetime,
    row_number() OVER (PARTITION BY m.capture, m.line ORDER BY j.addr IS DISTINCT FROM m.addr AND m.addr IS NOT NULL, j.kind IN ('before_capture', 'sync_unknown'), abs(j.ts::HUGEINT - m.ts), j.seq, j.kind) AS nth
  FROM message m
  JOIN class c ON c.class = m.kind
  JOIN judged j ON j.capture = m.capture AND j.kind = c.anomaly AND j.device = m.device
    AND (m.addr IS NULL OR j.addr = m.addr OR (j.list AND m.ts IS NOT NULL)) AND (CASE WHEN m.ts IS NULL THEN m.addr IS NOT NULL ELSE abs(j.ts::HUGEINT - m.ts) <= m.near END)
),
left_open AS (
  SELECT capture, device::VARCHAR AS device, min(id) AS lifetime FROM lifetimes
  WHERE layer = 'dma' AND before_removal AND closed_ts IS NULL AND EXISTS (FROM message m WHERE m.kind = 'pending') GROUP BY ALL
)
SELECT m.capture, m.line, m.ts, m.kind AS class, m.device, m.addr,
  CASE WHEN NOT EXISTS (FROM class c WHERE c.class = m.kind AND c.anomaly IS NOT NULL) AND m.kind <> 'pending' THEN 'no_trace'
    WHEN f.kind IS NOT NULL OR (m.kind = 'pending' AND o.lifetime IS NOT NULL) THEN 'agrees'
    WHEN m.outside THEN 'outside_capture' ELSE 'alone' END AS relation,
  f.kind AS anomaly, f.seq, coalesce(f.lifetime, CASE WHEN m.kind = 'pending' THEN o.lifetime END) AS lifetime, m.text
FROM message m
LEFT JOIN fits f ON f.capture = m.capture AND f.line = m.line AND f.nth = 1
LEFT JOIN left_open o ON o.capture = m.capture AND o.device = m.device;
