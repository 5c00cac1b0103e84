-- Maps and unmaps in time order; `step` 1 is a map, the others are unmaps: of earlier maps (0), and of a map at the same time (2).
WITH steps AS (
  SELECT capture, layer, device, id, 1 AS step, opened_ts AS ts, NULL AS end_reason,
    addr, len, phys, kind, dir, open_stack, open_tid, open_comm
  FROM lifetimes
  UNION ALL
  SELECT capture, layer, device, id, if(closed_ts > opened_ts, 0, 2), greatest(closed_ts, opened_ts), end_reason,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM lifetimes WHERE closed_ts IS NOT NULL
)
SELECT
  steps.capture, steps.layer, steps.device, steps.id, steps.step, steps.ts,
  steps.end_reason, steps.addr, steps.len, steps.phys, steps.kind,
  steps.dir, stacks.site, steps.open_tid, steps.open_comm
FROM steps LEFT JOIN stacks ON stacks.id = steps.open_stack
ORDER BY steps.capture, steps.ts, steps.step, steps.id
