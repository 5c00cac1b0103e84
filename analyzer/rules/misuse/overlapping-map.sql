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
WITH pair AS (
  SELECT i.*, o.dir::VARCHAR AS other_dir, i.after_loss AND (coalesce(o.after_loss, false) OR i.mapped_spans_loss) AS other_spans_loss, o.open_stack AS other_stack,
    p.site AS other_site, p.via AS other_via,
    i.mapped_dir IS DISTINCT FROM o.dir::VARCHAR AS conflict
  FROM incidents i
  LEFT JOIN lifetimes o ON o.id = i.other
  LEFT JOIN stacks p ON p.id = o.open_stack
  LEFT JOIN siblings b ON b.layer = 'dma' AND b.capture = o.capture AND b.device = o.device AND b.kind = o.kind AND b.dir IS NOT DISTINCT FROM o.dir
  WHERE i.anomaly = 'overlapping_map'
    -- An older mapping that was forgotten (or whose unmap cannot be recorded) is no second mapping: its memory was freed and used again.
    AND NOT coalesce(o.closed_ts IS NULL AND (o.before_removal OR o.unrecordable_unmap OR o.remainder OR o.passed > coalesce(b.most_passed, 0)
      OR o.id IN (SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch'))), false)
)
SELECT
  capture, device, mapped_kind AS kind, site, via, other_site AS close_site, other_via AS close_via,
  CASE WHEN conflict THEN 'warning' ELSE 'info' END AS severity,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of memory that ' || told(device) || ' had mapped already; '
    || CASE WHEN conflict THEN 'the directions differ: first ' || told(arg_min(other_dir, seq)) || ', then ' || told(arg_min(mapped_dir, seq))
       ELSE 'both ' || told(mode(mapped_dir)) END AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(len) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(other, seq) AS other, arg_min(open_stack, seq) AS open_stack,
  arg_min(other_stack, seq) AS close_stack, 'Mapped before by' AS close_label,
  conflict AS directions_differ,
  confidence_of(other_spans_loss) AS confidence,
  reason_of(other_spans_loss, 'both maps were seen, and no unmap between them', 'events were lost between them: the unmap of the first may be among them') AS reason
FROM pair
GROUP BY capture, device, mapped_kind, conflict, CASE WHEN NOT conflict THEN mapped_dir END, site, via, other_site, other_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, severity, CASE WHEN NOT conflict THEN mapped_dir END, site, via, close_site, close_via
