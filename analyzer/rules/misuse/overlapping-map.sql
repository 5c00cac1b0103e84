-- id: overlapping-map
-- title: The same memory mapped twice at once
-- severity: warning
-- family: misuse
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- why: Two live mappings of one cache line for one device are unsafe when the device writes through one of them: unmapping or syncing the one
--   throws away, or copies over, what came in through the other. When both only read it is no error, only worth knowing: an info.
-- next: Map the buffer once and share the mapping, or keep the buffers cache lines apart (dma_get_cache_alignment).
-- contract: kernel/dma/debug.c, add_dma_entry(): "cacheline tracking EEXIST, overlapping mappings aren't supported" (never reported on x86)
WITH pair AS (
  SELECT i.*, o.dir::VARCHAR AS other_dir, i.after_loss AND coalesce(o.after_loss, false) AS other_spans_loss, o.open_stack AS other_stack,
    p.site AS other_site, p.via AS other_via,
    i.mapped_dir = 'to_device' AND o.dir::VARCHAR = 'to_device' AS reads_only
  FROM incidents i
  LEFT JOIN lifetimes o ON o.id = i.other
  LEFT JOIN stacks p ON p.id = o.open_stack
  WHERE i.anomaly = 'overlapping_map'
)
SELECT
  capture, device, mapped_kind AS kind, site, via, other_site AS close_site, other_via AS close_via,
  CASE WHEN reads_only THEN 'info' ELSE 'warning' END AS severity,
  things(count(*) FILTER (NOT again), mapped_kind) || ' of memory that ' || told(device) || ' had mapped already; '
    || CASE WHEN reads_only THEN 'the device only reads through both'
       ELSE 'the first pair is ' || coalesce(arg_min(other_dir, seq), 'unknown') || ' and ' || coalesce(arg_min(mapped_dir, seq), 'unknown') END AS message,
  count(*) FILTER (NOT again) AS count, coalesce(sum(len) FILTER (NOT again), 0) AS bytes, min(ts) AS first_ts, max(ts) AS last_ts,
  arg_min(lifetime, seq) AS lifetime, arg_min(other, seq) AS other, arg_min(open_stack, seq) AS open_stack,
  arg_min(other_stack, seq) AS close_stack, 'Mapped before by' AS close_label,
  confidence_of(other_spans_loss) AS confidence,
  reason_of(other_spans_loss, 'both maps were seen, and no unmap between them', 'events were lost between them: the unmap of the first may be among them') AS reason
FROM pair
GROUP BY capture, device, mapped_kind, reads_only, site, via, other_site, other_via
HAVING count(*) FILTER (NOT again) > 0
ORDER BY capture, device, kind, severity, site, via, close_site, close_via
