-- id: overlapping-map
-- title: The same memory mapped twice at once
-- severity: warning
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- reads: none
-- anomaly: overlapping_map
-- identity: device, kind, site, via, close_site, close_via, directions_differ
-- why: Two live mappings of one cache line for one device are unsafe when they differ in direction: unmapping or syncing the one throws away,
--   or copies over, what the other brought in. With the same direction it is worth knowing, no more: an application that reads twice into
--   one buffer does it through a blameless driver. Then it is an info.
-- next: Map the buffer once and share the mapping, or keep the buffers cache lines apart (dma_get_cache_alignment).
-- contract: kernel/dma/debug.c, add_dma_entry(): "cacheline tracking EEXIST, overlapping mappings aren't supported" (never reported on x86)
WITH mapping AS MATERIALIZED (
  -- Read once, for three joins: there may be as many overlaps as there are mappings.
  SELECT id, capture, device, kind, dir, opened_ts, closed_ts, open_stack, passed, after_loss, before_removal, unrecordable_unmap, remainder
  FROM lifetimes
),
blamed AS (
  SELECT lifetime FROM anomalies WHERE kind IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch')
),
forgotten AS (
  -- A mapping that was forgotten (or whose unmap cannot be recorded) is no second mapping: its memory was freed and is used again.
  SELECT l.id FROM mapping l
  LEFT JOIN siblings n ON n.layer = 'dma' AND n.capture = l.capture AND n.device = l.device AND n.kind = l.kind AND n.dir IS NOT DISTINCT FROM l.dir
  WHERE l.closed_ts IS NULL
    AND (l.before_removal OR l.unrecordable_unmap OR l.remainder OR l.passed > coalesce(n.most_passed, 0) OR l.id IN (FROM blamed))
),
overlap AS (
  -- A mapping that overlaps several is one instance, of the first that it met.
  SELECT capture, device, lifetime, min(seq) AS seq, min(ts) AS ts, arg_min(len, seq) AS len, arg_min(other, seq) AS other, arg_min(after_loss, seq) AS after_loss
  FROM anomalies
  WHERE kind = 'overlapping_map' AND (other IS NULL OR other NOT IN (FROM forgotten))
  GROUP BY capture, device, lifetime
),
pair AS (
  SELECT a.*, m.kind, m.dir, o.dir AS other_dir, m.dir IS DISTINCT FROM o.dir AS conflict, m.open_stack, o.open_stack AS other_stack,
    (a.after_loss OR coalesce(a.ts <= b.until, false))
      AND (coalesce(o.after_loss, false) OR coalesce(a.after_loss AND m.after_loss, false) OR coalesce(m.opened_ts <= b.until, false)) AS other_spans_loss
  FROM overlap a
  LEFT JOIN mapping m ON m.id = a.lifetime
  LEFT JOIN mapping o ON o.id = a.other
  LEFT JOIN blind() b ON b.capture = a.capture
),
placed AS (
  SELECT p.*, CASE WHEN NOT conflict THEN dir::VARCHAR END AS same_dir, s.site, s.via, t.site AS other_site, t.via AS other_via
  FROM pair p
  LEFT JOIN stacks s ON s.id = p.open_stack
  LEFT JOIN stacks t ON t.id = p.other_stack
)
SELECT
  capture, device, kind, site, via, other_site AS close_site, other_via AS close_via,
  CASE WHEN conflict THEN 'warning' ELSE 'info' END AS severity,
  things(count(*), kind) || ' of memory that ' || told(device) || ' had mapped already; '
    || CASE WHEN conflict THEN 'the directions differ: first ' || told(arg_min(other_dir, seq)) || ', then ' || told(arg_min(dir, seq))
       ELSE 'both ' || told(same_dir) END AS message,
  count(*) AS count, coalesce(sum(len), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(other, seq) AS other, arg_min(open_stack, seq) AS open_stack,
  arg_min(other_stack, seq) AS close_stack, 'Mapped before by' AS close_label,
  conflict AS directions_differ,
  confidence_of(other_spans_loss) AS confidence,
  reason_of(other_spans_loss, 'both maps were seen, and no unmap between them', 'events were lost between them: the unmap of the first may be among them') AS reason
FROM placed
GROUP BY capture, device, kind, conflict, same_dir, site, via, other_site, other_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, severity, same_dir, site, via, close_site, close_via
