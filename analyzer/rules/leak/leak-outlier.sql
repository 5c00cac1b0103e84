-- id: leak-outlier
-- title: Open far longer than any of its sort ever was
-- severity: info
-- family: leak
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- param: min_closed = 10; so many mappings of the same site must have been closed, to know what is usual
-- param: min_factor = 4; older than the oldest of those by this factor
-- param: min_overtaken = 10; and overtaken by so many that were opened later and closed already
-- why: A mapping that outlived all of its sort was most likely lost on a rare path: an error, a time-out, a reset.
-- next: Look at what happened at the time it was opened (dmaspan sql, table events): an error or a reset there names the path. Or it is simply meant to stay: then this is none of your concern.
-- contract: Documentation/core-api/dma-api-howto.rst: each mapping must be unmapped when the DMA activity is finished
WITH mapping AS (
  SELECT m.capture, m.id, m.device, m.kind, m.dir, m.len, m.sg_group, m.opened_ts, m.closed_ts, m.open_stack, m.close_stack, m.end_reason,
    m.after_loss, m.before_removal, m.unrecordable_unmap, m.remainder, s.site, s.via
  FROM lifetimes m
  LEFT JOIN stacks s ON s.id = m.open_stack
  WHERE m.layer = 'dma' AND (m.sg_group IS NULL OR m.sg_group = m.id)
),
-- What is usual at one site.
usual AS (
  SELECT capture, device, kind, dir, site, count(*) AS closed, max(closed_ts - opened_ts) AS oldest, mode(close_stack) AS close_stack,
    (max(opened_ts, $min_overtaken::BIGINT))[-1] AS overtaker_ts
  FROM mapping WHERE closed_ts IS NOT NULL AND end_reason = 'closed'
  GROUP BY capture, device, kind, dir, site
),
latest AS (SELECT capture, max(coalesce(closed_ts, opened_ts)) AS ts FROM mapping GROUP BY capture),
blamed AS (
  SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch') AND lifetime IS NOT NULL
),
outlier AS (
  SELECT m.*, e.ts - m.opened_ts AS age, u.oldest, u.closed, u.close_stack AS usual_close_stack
  FROM mapping m
  JOIN usual u ON u.capture = m.capture AND u.device = m.device AND u.kind = m.kind AND u.dir IS NOT DISTINCT FROM m.dir AND u.site IS NOT DISTINCT FROM m.site
  JOIN latest e ON e.capture = m.capture
  WHERE m.closed_ts IS NULL AND u.closed >= $min_closed AND m.opened_ts < u.overtaker_ts
    AND e.ts - m.opened_ts > $min_factor * u.oldest
    AND NOT m.before_removal AND NOT m.unrecordable_unmap AND NOT m.remainder
    AND m.id NOT IN (SELECT lifetime FROM blamed)
),
list AS (
  SELECT sg_group, sum(len) AS bytes FROM lifetimes
  WHERE sg_group IN (SELECT id FROM outlier WHERE sg_group IS NOT NULL) GROUP BY sg_group
)
SELECT
  o.capture, o.device, o.kind, o.site, o.via, c.site AS close_site, c.via AS close_via,
  things(count(*), o.kind) || ' of ' || o.device || ' open for ' || round(max(o.age) / any_value(greatest(o.oldest, 1)))::BIGINT
    || ' times as long as any of the ' || any_value(o.closed) || ' closed ones from the same place' AS message,
  count(*) AS count, sum(coalesce(l.bytes, o.len)) AS bytes, min(o.opened_ts) AS first_ts, max(o.opened_ts) AS last_ts,
  min(o.id) AS lifetime, arg_min(o.open_stack, o.id) AS open_stack,
  any_value(o.usual_close_stack) AS close_stack, 'Others like it are unmapped by' AS close_label,
  CASE WHEN bool_and(o.after_loss) THEN 'possible' ELSE 'likely' END AS confidence,
  reason_of(o.after_loss, 'older than anything of its sort, and overtaken by many',
    'events were lost while it was mapped: its unmap may be among them') AS reason
FROM outlier o
LEFT JOIN list l ON l.sg_group = o.sg_group
LEFT JOIN stacks c ON c.id = o.usual_close_stack
GROUP BY o.capture, o.device, o.kind, o.dir, o.site, o.via, c.site, c.via
ORDER BY o.capture, o.device::VARCHAR, o.kind, o.site, o.via, o.dir, c.site
