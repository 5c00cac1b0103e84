-- id: leak-outlier
-- title: Open far longer than any of its sort ever was
-- severity: info
-- family: leak
-- needs: open in dma; record the events dma:*
-- needs: close in dma; record the events dma:*
-- param: min_closed = 10; so many siblings (mappings of the same device, kind and direction) must have been unmapped, to know what is usual
-- param: min_passed = 10; so many siblings were unmapped while it was open
-- param: min_factor = 4; and that is more than for any that was unmapped, and it is older, by this factor
-- reads: none
-- subject: outlived
-- identity: device, kind, site, via
-- why: A mapping that outlived all of its sort was most likely lost on a rare path: an error, a time-out, a reset.
-- next: Look at what happened at the time it was opened (dmaspan sql, table events): an error or a reset there names the path. Or it is meant to stay: then all is well.
-- contract: Documentation/core-api/dma-api-howto.rst: each mapping must be unmapped when the DMA activity is finished
WITH blamed AS (
  -- Left over because of another misuse, which has a rule of its own.
  SELECT lifetime FROM incidents WHERE anomaly IN ('device_mismatch', 'kind_mismatch', 'sg_count_mismatch') AND lifetime IS NOT NULL
),
outlier AS (
  SELECT o.capture, o.id, o.device, o.kind, o.dir, o.sg_group, o.len, o.opened_ts, o.open_stack, o.after_loss, o.passed,
    c.last_ts::HUGEINT - o.opened_ts AS age, b.longest, b.closed, s.site, s.via
  FROM outlived o
  JOIN siblings b ON b.layer = 'dma' AND b.capture = o.capture AND b.device = o.device AND b.kind = o.kind AND b.dir IS NOT DISTINCT FROM o.dir
  JOIN captures c ON c.capture = o.capture
  LEFT JOIN stacks s ON s.id = o.open_stack
  WHERE (o.sg_group IS NULL OR o.sg_group = o.id)
    AND NOT o.before_removal AND NOT o.unrecordable_unmap AND NOT o.remainder
    AND o.id NOT IN (SELECT lifetime FROM blamed)
    AND b.closed >= $min_closed AND o.passed >= $min_passed AND o.passed > $min_factor * b.most_passed
    AND c.last_ts::HUGEINT - o.opened_ts > $min_factor * b.longest::HUGEINT
),
list AS (
  SELECT sg_group, sum(len) AS bytes FROM open_mappings
  WHERE sg_group IN (SELECT id FROM outlier WHERE sg_group IS NOT NULL) GROUP BY sg_group
),
-- Who unmaps such mappings when all goes well.
closer AS (
  SELECT l.capture, l.device, l.kind, s.site, mode(l.close_stack) AS close_stack
  FROM lifetimes l
  LEFT JOIN stacks s ON s.id = l.open_stack
  WHERE l.layer = 'dma' AND l.end_reason = 'closed' AND l.close_stack IS NOT NULL AND (l.device, l.kind) IN (SELECT (device, kind) FROM outlier)
  GROUP BY l.capture, l.device, l.kind, s.site
)
SELECT
  o.capture, o.device, o.kind, o.site, o.via, c.site AS close_site, c.via AS close_via,
  things(count(*), o.kind) || ' of ' || o.device || ' open for ' || round(max(o.age) / any_value(greatest(o.longest, 1)))::HUGEINT
    || ' times as long as any of its sort that was unmapped, and passed by ' || max(o.passed) || ' of them' AS message,
  count(*) AS count, sum(coalesce(l.bytes, o.len)) AS bytes, min(o.opened_ts) AS first_ts, max(o.opened_ts) AS last_ts,
  min(o.id) AS lifetime, arg_min(o.open_stack, o.id) AS open_stack,
  any_value(u.close_stack) AS close_stack, 'Others like it are unmapped by' AS close_label,
  CASE WHEN bool_and(o.after_loss) THEN 'possible' ELSE 'likely' END AS confidence,
  reason_of(o.after_loss, 'older than anything of its sort, and passed by many',
    'events were lost while it was mapped: its unmap may be among them') AS reason
FROM outlier o
LEFT JOIN list l ON l.sg_group = o.sg_group
LEFT JOIN closer u ON u.capture = o.capture AND u.device = o.device AND u.kind = o.kind AND u.site IS NOT DISTINCT FROM o.site
LEFT JOIN stacks c ON c.id = u.close_stack
GROUP BY o.capture, o.device, o.kind, o.site, o.via, c.site, c.via
ORDER BY o.capture, o.device::VARCHAR, o.kind, o.site, o.via, c.site, c.via
