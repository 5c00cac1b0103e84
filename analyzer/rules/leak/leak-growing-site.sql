-- id: leak-growing-site
-- title: A call site's live mappings grow through the capture
-- severity: warning
-- family: leak
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- param: windows = 8; the traffic of the siblings (the mappings of one device, kind and direction) is cut into so many parts, of as many unmaps each
-- param: min_windows = 4; survivors must have been opened in so many of them (in one less, when there are fewer than two for each), and in both halves
-- param: min_closed = 16; siblings that were unmapped: with fewer there is no traffic to grow along with
-- param: min_survivors = 3; fewer are chance
-- param: min_growth = 0.5; of the survivors: by so much the live set must have grown. A ring that is refilled does not grow
-- param: min_span = 0.25; of the device's active time: growth over less is a set-up step
-- reads: none
-- subject: outlived
-- identity: device, kind, site, via
-- why: Mappings that stay open while later ones of their sort come and go, all through the capture, are most likely forgotten: memory and IOVA space run out in time.
--   A level is no leak (a ring that the driver refills is steady); a trend is.
-- next: Unbind the driver at the end of a capture (with the probes of leak-at-removal): that proves it. Meanwhile read the path from this
--   call site: which branch gives the buffer up without unmapping it?
-- contract: Documentation/core-api/dma-api-howto.rst: each mapping must be unmapped when the DMA activity is finished
WITH blamed AS (
  -- Left over because of another misuse, which has a rule of its own.
  SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch') AND lifetime IS NOT NULL
),
-- One row a mapping that is still open; a scatterlist is its first row.
still_open AS (
  SELECT capture, id, device, kind, dir, sg_group, len, opened_ts, open_stack, passed, after_loss
  FROM open_mappings
  WHERE (sg_group IS NULL OR sg_group = id)
    AND NOT before_removal AND NOT unrecordable_unmap AND NOT remainder
    AND id NOT IN (SELECT lifetime FROM blamed)
),
live AS (SELECT capture, device, kind, dir, count(*) AS mappings FROM still_open GROUP BY capture, device, kind, dir),
active AS (SELECT capture, device, max(last_ts)::HUGEINT - min(first_ts) AS span FROM siblings WHERE layer = 'dma' GROUP BY capture, device),
survivor AS (
  SELECT o.*, s.site, s.via,
    -- Unmaps of what was mapped before the capture offset as many mappings that took their place.
    n.mappings - b.older::BIGINT AS grown,
    -- How much of the traffic was over when it was opened: by unmaps, not by time, for traffic comes in bursts.
    least(((b.closed + b.older)::BIGINT - o.passed) * $windows // (b.closed + b.older)::BIGINT, $windows - 1)::INTEGER AS window_no
  FROM still_open o
  JOIN live n ON n.capture = o.capture AND n.device = o.device AND n.kind = o.kind AND n.dir IS NOT DISTINCT FROM o.dir
  JOIN siblings b ON b.layer = 'dma' AND b.capture = o.capture AND b.device = o.device AND b.kind = o.kind AND b.dir IS NOT DISTINCT FROM o.dir
  JOIN active a ON a.capture = o.capture AND a.device = o.device
  LEFT JOIN stacks s ON s.id = o.open_stack
  WHERE o.id IN (SELECT id FROM outlived) AND b.closed + b.older >= $min_closed AND o.passed <= b.closed + b.older
    AND b.last_ts::HUGEINT - b.first_ts >= $min_span * a.span
),
-- The call sites whose survivors are spread as a trend is, and not a level.
trend AS (
  SELECT capture, device, kind, dir, site, via FROM survivor
  GROUP BY capture, device, kind, dir, site, via
  HAVING count(*) >= $min_survivors
    AND count(DISTINCT window_no) >= CASE WHEN count(*) < 2 * $min_windows THEN $min_windows - 1 ELSE $min_windows END
    AND bool_or(window_no * 2 < $windows) AND bool_or(window_no * 2 >= $windows)
    AND any_value(grown) > 0 AND any_value(grown) >= $min_growth * count(*)
),
list AS (
  SELECT sg_group, sum(len) AS bytes FROM open_mappings
  WHERE sg_group IN (SELECT id FROM survivor WHERE sg_group IS NOT NULL) GROUP BY sg_group
),
growth AS (
  SELECT v.*, coalesce(l.bytes, v.len) AS bytes,
    sum(coalesce(l.bytes, v.len)) OVER (PARTITION BY v.capture, v.device, v.kind, v.site, v.via ORDER BY v.opened_ts, v.id) AS live_bytes
  FROM survivor v
  JOIN trend t ON t.capture = v.capture AND t.device = v.device AND t.kind = v.kind AND t.dir IS NOT DISTINCT FROM v.dir
    AND t.site IS NOT DISTINCT FROM v.site AND t.via IS NOT DISTINCT FROM v.via
  LEFT JOIN list l ON l.sg_group = v.sg_group
),
slope AS (
  -- A clock that counts something else than nanoseconds gives none.
  SELECT g.capture, g.device, g.kind, g.site, g.via,
    CASE WHEN any_value(c.clock_unit) = 'ns' THEN 1e9 * regr_slope(g.live_bytes, g.opened_ts) END AS bytes_per_second
  FROM growth g JOIN captures c ON c.capture = g.capture
  GROUP BY g.capture, g.device, g.kind, g.site, g.via
),
-- Who unmaps such mappings when all goes well.
closer AS (
  SELECT l.capture, l.device, l.kind, s.site, mode(l.close_stack) AS close_stack
  FROM lifetimes l
  LEFT JOIN stacks s ON s.id = l.open_stack
  WHERE l.layer = 'dma' AND l.end_reason = 'closed' AND l.close_stack IS NOT NULL AND (l.device, l.kind) IN (SELECT (device, kind) FROM survivor)
  GROUP BY l.capture, l.device, l.kind, s.site
)
SELECT
  g.capture, g.device, g.kind, g.site, g.via, c.site AS close_site, c.via AS close_via,
  things(count(*), g.kind) || ' of ' || g.device || ' never unmapped while later ones came and went; the live set grew in '
    || count(DISTINCT g.window_no) || ' of ' || $windows || ' parts of the traffic'
    || coalesce(', by about ' || format_bytes(TRY_CAST(round(p.bytes_per_second) AS BIGINT)) || ' a second', '') AS message,
  count(*) AS count, sum(g.bytes) AS bytes, min(g.opened_ts) AS first_ts, max(g.opened_ts) AS last_ts,
  min(g.id) AS lifetime, arg_min(g.open_stack, g.id) AS open_stack,
  any_value(u.close_stack) AS close_stack, 'Others like it are unmapped by' AS close_label,
  p.bytes_per_second,
  CASE WHEN bool_and(g.after_loss) THEN 'possible' ELSE 'likely' END AS confidence,
  reason_of(g.after_loss, 'a trend, not a level: more were opened than closed, all through the capture',
    'events were lost while they were mapped: their unmaps may be among them') AS reason
FROM growth g
JOIN slope p ON p.capture = g.capture AND p.device = g.device AND p.kind = g.kind AND p.site IS NOT DISTINCT FROM g.site AND p.via IS NOT DISTINCT FROM g.via
LEFT JOIN closer u ON u.capture = g.capture AND u.device = g.device AND u.kind = g.kind AND u.site IS NOT DISTINCT FROM g.site
LEFT JOIN stacks c ON c.id = u.close_stack
GROUP BY g.capture, g.device, g.kind, g.site, g.via, c.site, c.via, p.bytes_per_second
ORDER BY g.capture, g.device::VARCHAR, g.kind, g.site, g.via, c.site, c.via
