-- id: leak-growing-site
-- title: A call site's live mappings grow through the capture
-- severity: warning
-- family: leak
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- param: windows = 8; the active time of the mappings of one device, kind and direction is cut into so many
-- param: min_windows = 4; survivors must have been opened in so many of them (in as many as there are survivors, when these are fewer), and in both halves
-- param: min_survivors = 3; fewer are chance
-- param: min_growth = 0.5; of the survivors: by so much the live set must have grown. A ring that is refilled does not grow
-- param: min_span = 0.25; of the device's active time: growth over less is a set-up step
-- why: Mappings that stay open while later ones of their sort come and go, all through the capture, are most likely forgotten: memory and IOVA space run out in time.
--   A level is no leak (a ring that the driver refills is steady); a trend is.
-- next: Unbind the driver at the end of a capture (with the probes of leak-at-removal): that proves it. Meanwhile read the path from this
--   call site: which branch gives the buffer up without unmapping it?
-- contract: Documentation/core-api/dma-api-howto.rst: each mapping must be unmapped when the DMA activity is finished
WITH mapping AS (
  -- One row a mapping; a scatterlist is its first row.
  SELECT capture, id, device, kind, dir, len, sg_group, opened_ts, closed_ts, open_stack, close_stack, end_reason,
    after_loss, before_removal, unrecordable_unmap, remainder
  FROM lifetimes
  WHERE layer = 'dma' AND (sg_group IS NULL OR sg_group = id)
),
-- What comes and goes together: the mappings of one device, kind and direction.
pool AS (
  SELECT capture, device, kind, dir, min(opened_ts) AS first_ts, max(coalesce(closed_ts, opened_ts)) AS last_ts,
    max(opened_ts) FILTER (closed_ts IS NOT NULL) AS overtaker_ts,
    count(*) FILTER (closed_ts IS NULL AND NOT before_removal AND NOT unrecordable_unmap) AS still_open
  FROM mapping GROUP BY capture, device, kind, dir
),
span AS (SELECT capture, device, min(first_ts) AS first_ts, max(last_ts) AS last_ts FROM pool GROUP BY capture, device),
-- Unmaps of what was mapped before the capture: they offset as many mappings that took their place.
offsets AS (
  SELECT capture, device, event_kind AS kind, event_dir AS dir, count(*) AS closed FROM incidents
  WHERE anomaly = 'before_capture' GROUP BY capture, device, event_kind, event_dir
),
blamed AS (
  SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch') AND lifetime IS NOT NULL
),
survivor AS (
  SELECT m.capture, m.id, m.device, m.kind, m.dir, m.sg_group, m.len, m.opened_ts, m.open_stack, m.after_loss, s.site, s.via,
    p.still_open - coalesce(o.closed, 0) AS grown,
    least(((m.opened_ts - p.first_ts) * $windows) // greatest(p.last_ts - p.first_ts, 1), $windows - 1) AS window_no
  FROM mapping m
  JOIN pool p ON p.capture = m.capture AND p.device = m.device AND p.kind = m.kind AND p.dir IS NOT DISTINCT FROM m.dir
  JOIN span d ON d.capture = m.capture AND d.device = m.device
  LEFT JOIN offsets o ON o.capture = m.capture AND o.device = m.device::VARCHAR AND o.kind = m.kind::VARCHAR AND o.dir IS NOT DISTINCT FROM m.dir::VARCHAR
  LEFT JOIN stacks s ON s.id = m.open_stack
  WHERE m.closed_ts IS NULL AND m.opened_ts < p.overtaker_ts
    AND NOT m.before_removal AND NOT m.unrecordable_unmap AND NOT m.remainder
    AND m.id NOT IN (SELECT lifetime FROM blamed)
    AND p.last_ts - p.first_ts >= $min_span * (d.last_ts - d.first_ts)
),
list AS (
  SELECT sg_group, sum(len) AS bytes FROM lifetimes
  WHERE sg_group IN (SELECT id FROM survivor WHERE sg_group IS NOT NULL) GROUP BY sg_group
),
growth AS (
  SELECT v.*, coalesce(l.bytes, v.len) AS bytes,
    sum(coalesce(l.bytes, v.len)) OVER (PARTITION BY v.capture, v.device, v.kind, v.dir, v.site, v.via ORDER BY v.opened_ts, v.id) AS live_bytes
  FROM survivor v LEFT JOIN list l ON l.sg_group = v.sg_group
),
closer AS (
  SELECT m.capture, m.device, m.kind, s.site, mode(m.close_stack) AS close_stack
  FROM mapping m
  LEFT JOIN stacks s ON s.id = m.open_stack
  WHERE m.end_reason = 'closed' AND m.close_stack IS NOT NULL AND (m.device, m.kind) IN (SELECT (device, kind) FROM survivor)
  GROUP BY m.capture, m.device, m.kind, s.site
)
SELECT
  g.capture, g.device, g.kind, g.site, g.via, c.site AS close_site, c.via AS close_via,
  things(count(*), g.kind) || ' of ' || g.device || ' never unmapped while later ones came and went; the live set grew in '
    || count(DISTINCT g.window_no) || ' of ' || $windows || ' parts of the time'
    || coalesce(', by about ' || format_bytes(round(1e9 * regr_slope(g.live_bytes, g.opened_ts))::BIGINT) || ' a second', '') AS message,
  count(*) AS count, sum(g.bytes) AS bytes, min(g.opened_ts) AS first_ts, max(g.opened_ts) AS last_ts,
  min(g.id) AS lifetime, arg_min(g.open_stack, g.id) AS open_stack,
  any_value(u.close_stack) AS close_stack, 'Others like it are unmapped by' AS close_label,
  1e9 * regr_slope(g.live_bytes, g.opened_ts) AS bytes_per_second,
  CASE WHEN bool_and(g.after_loss) THEN 'possible' ELSE 'likely' END AS confidence,
  reason_of(g.after_loss, 'a trend, not a level: more were opened than closed, all through the capture',
    'events were lost while they were mapped: their unmaps may be among them') AS reason
FROM growth g
LEFT JOIN closer u ON u.capture = g.capture AND u.device = g.device AND u.kind = g.kind AND u.site IS NOT DISTINCT FROM g.site
LEFT JOIN stacks c ON c.id = u.close_stack
GROUP BY g.capture, g.device, g.kind, g.dir, g.site, g.via, c.site, c.via
HAVING count(*) >= $min_survivors
  AND count(DISTINCT g.window_no) >= least($min_windows, count(*))
  AND bool_or(g.window_no * 2 < $windows) AND bool_or(g.window_no * 2 >= $windows)
  AND any_value(g.grown) > 0 AND any_value(g.grown) >= $min_growth * count(*)
ORDER BY g.capture, g.device::VARCHAR, g.kind, g.site, g.via, g.dir, c.site
