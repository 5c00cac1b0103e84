-- IOMMU faults of the kernel log (`--dmesg`), each with the mapping that it hit or missed. Empty without a log.
--
-- capture: Which input: `captures.capture`.
-- line: Its line in the log: `kernel_messages.line`.
-- ts (ns): Its time on the capture's clock. NULL: it could not be placed.
-- device: Device that the IOMMU stopped. NULL: the message names none.
-- addr (address): Address that it reached for.
-- access: `read` or `write`. NULL: not told.
-- relation: `inside` a live mapping; `after_unmap`; `past_end` of a live one; `never_mapped` in this capture; `not_placed` in time; `outside_capture`; `unknown_device`.
-- doubtful: The log's time is too uncertain to tell this relation from another one.
-- lifetime: Mapping that it hit, or missed: `lifetimes.id`. NULL: none is known.
-- since_unmap (ns): For `after_unmap`, from the unmap to the message; a message may come some time after its fault.
-- beyond (bytes): For `past_end`, from the end of the mapping to the address.
-- page (address): First address of its page.
CREATE VIEW device_faults AS
WITH fault AS (
  SELECT m.capture, m.line, m.ts, m.device, m.addr, m.access, c.page_size, m.addr - m.addr % c.page_size AS page, coalesce(k.uncertainty, 0) AS sure,
    CASE WHEN m.ts IS NULL THEN 'not_placed'
      WHEN m.device IS NULL OR m.device NOT IN (SELECT d.device FROM devices d) THEN 'unknown_device'
      WHEN c.first_ts IS NULL OR m.ts + coalesce(k.uncertainty, 0) < c.first_ts OR m.ts - coalesce(k.uncertainty, 0) > c.last_ts + 1000000000 THEN 'outside_capture' END AS untold
  FROM kernel_messages m
  JOIN captures c ON c.capture = m.capture
  JOIN kernel_logs k ON k.capture = m.capture
  WHERE m.kind = 'fault' AND m.addr IS NOT NULL
),
mapping AS (
  -- An IOMMU maps whole pages.
  SELECT l.capture, l.id, l.device::VARCHAR AS device, l.dir::VARCHAR AS dir, l.addr - l.addr % c.page_size AS first, l.addr::UHUGEINT + l.len AS past,
    ceil((l.addr::UHUGEINT + l.len) / c.page_size) * c.page_size AS past_page, l.opened_ts, l.closed_ts
  FROM lifetimes l
  JOIN captures c ON c.capture = l.capture
  WHERE l.layer IN ('dma', 'iova') AND l.len IS NOT NULL AND l.device::VARCHAR IN (SELECT f.device FROM fault f WHERE f.untold IS NULL)
),
near AS (
  SELECT f.capture, f.line,
    arg_max(m.id, m.opened_ts) FILTER (covers AND live) AS inside,
    bool_or(covers AND live AND NOT surely) AS inside_doubtful,
    arg_max(m.id, m.closed_ts) FILTER (covers AND over) AS gone,
    max(m.closed_ts) FILTER (covers AND over) AS gone_ts,
    arg_max(m.id, m.past) FILTER (below AND live) AS beside,
    max(m.past) FILTER (below AND live) AS beside_past,
    arg_max(m.opened_ts, m.past) FILTER (below AND live) AS beside_ts
  FROM fault f
  JOIN mapping m ON m.capture = f.capture AND m.device = f.device AND m.first <= f.addr AND m.past_page + 65536 > f.addr,
  LATERAL (
    SELECT m.past_page > f.addr AS covers, m.past_page <= f.addr AS below,
      m.opened_ts <= f.ts + f.sure AND (m.closed_ts IS NULL OR m.closed_ts > f.ts - f.sure) AS live,
      m.opened_ts <= f.ts - f.sure AND (m.closed_ts IS NULL OR m.closed_ts > f.ts + f.sure) AS surely,
      coalesce(m.closed_ts <= f.ts + f.sure, false) AS over
  ) t
  WHERE f.untold IS NULL
  GROUP BY f.capture, f.line
),
-- The latest of what was done there decides: a buffer given up after the one below it was mapped was reached for late, not by overrun.
decided AS (
  SELECT f.*, n.*EXCLUDE (capture, line),
    CASE WHEN f.untold IS NOT NULL THEN f.untold
      WHEN n.inside IS NOT NULL AND NOT n.inside_doubtful THEN 'inside'
      WHEN n.gone IS NOT NULL AND (n.beside IS NULL OR n.gone_ts >= n.beside_ts) THEN 'after_unmap'
      WHEN n.beside IS NOT NULL THEN 'past_end'
      WHEN n.inside IS NOT NULL THEN 'inside'
      ELSE 'never_mapped' END AS relation
  FROM fault f
  LEFT JOIN near n ON n.capture = f.capture AND n.line = f.line
)
SELECT
  capture, line, ts, device, addr, access, relation,
  coalesce(inside_doubtful, false) OR (relation = 'after_unmap' AND ts - gone_ts <= sure) AS doubtful,
  CASE relation WHEN 'inside' THEN inside WHEN 'after_unmap' THEN gone WHEN 'past_end' THEN beside END AS lifetime,
  CASE WHEN relation = 'after_unmap' THEN ts - gone_ts END AS since_unmap,
  CASE WHEN relation = 'past_end' THEN (addr::HUGEINT - beside_past::HUGEINT)::BIGINT END AS beyond,
  page
FROM decided;
