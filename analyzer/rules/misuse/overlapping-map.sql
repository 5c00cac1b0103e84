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
WITH blind AS (
  -- An overwritten buffer: what one CPU traced is missing from the capture's beginning to some time.
  SELECT capture, max(to_ts) AS until FROM losses WHERE from_ts IS NULL GROUP BY capture
),
blamed AS (
  SELECT lifetime FROM anomalies WHERE kind IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch')
),
pair AS (
  SELECT a.capture, a.device, a.seq, a.ts, a.len, a.lifetime, a.other, m.kind, m.dir, o.dir AS other_dir, m.dir IS DISTINCT FROM o.dir AS conflict,
    m.open_stack, o.open_stack AS other_stack,
    (a.after_loss OR coalesce(a.ts <= b.until, false))
      AND (coalesce(o.after_loss, false) OR coalesce(a.after_loss AND m.after_loss, false) OR coalesce(m.opened_ts <= b.until, false)) AS other_spans_loss,
    -- A mapping that overlaps several is one instance.
    row_number() OVER (PARTITION BY a.lifetime ORDER BY a.seq) > 1 AS again
  FROM anomalies a
  LEFT JOIN lifetimes m ON m.id = a.lifetime
  LEFT JOIN lifetimes o ON o.id = a.other
  LEFT JOIN siblings n ON n.layer = 'dma' AND n.capture = o.capture AND n.device = o.device AND n.kind = o.kind AND n.dir IS NOT DISTINCT FROM o.dir
  LEFT JOIN blind b ON b.capture = a.capture
  WHERE a.kind = 'overlapping_map'
    -- An older mapping that was forgotten (or whose unmap cannot be recorded) is no second mapping: its memory was freed and used again.
    AND NOT coalesce(o.closed_ts IS NULL AND (o.before_removal OR o.unrecordable_unmap OR o.remainder OR o.passed > coalesce(n.most_passed, 0)
      OR o.id IN (FROM blamed)), false)
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
  things(count(*) FILTER (NOT again), kind) || ' of memory that ' || told(device) || ' had mapped already; '
    || CASE WHEN conflict THEN 'the directions differ: first ' || told(arg_min(other_dir, seq)) || ', then ' || told(arg_min(dir, seq))
       ELSE 'both ' || told(same_dir) END AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(len) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(other, seq) AS other, arg_min(open_stack, seq) AS open_stack,
  arg_min(other_stack, seq) AS close_stack, 'Mapped before by' AS close_label,
  conflict AS directions_differ,
  confidence_of(other_spans_loss) AS confidence,
  reason_of(other_spans_loss, 'both maps were seen, and no unmap between them', 'events were lost between them: the unmap of the first may be among them') AS reason
FROM placed
GROUP BY capture, device, kind, conflict, same_dir, site, via, other_site, other_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device::VARCHAR, kind::VARCHAR, severity, same_dir, site, via, close_site, close_via
