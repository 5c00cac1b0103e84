-- id: map-failures
-- title: Maps that failed, by cause
-- severity: info
-- family: contract
-- needs: open or note in import or pool or dmabuf or iova; record map calls with their results (dmaspan probes list)
-- reads: none
-- why: A failure at set-up is news for the application, which can do something else; one later, in the middle of its work, is news for the exporter: nobody can handle it.
-- next: At set-up: check what the message says of the cause. Later: see unpredictable-map, and who took the range away.
-- contract: Documentation/mm/hmm.rst (-EBUSY: try again); Documentation/driver-api/dma-buf.rst
WITH failed AS (
  -- One failure may be seen by several probes: the first tells of it.
  SELECT seq, capture, ts, tid, comm::VARCHAR AS comm, layer, event, device, kind, mm, object, addr, len, error, stack FROM events
  WHERE error IS NOT NULL AND layer IN ('import', 'pool', 'dmabuf', 'iova') AND op IN ('open', 'note') AND event::VARCHAR NOT LIKE '%sys_%'
  QUALIFY ts - coalesce(lag(ts) OVER (PARTITION BY capture, tid, device, addr, len, error ORDER BY seq), ts - 10000001::BIGINT) > 10000000
),
staged AS (
  -- Later: the same device (or mm) had mapped some of the range before, or the same thread had called the same function for it.
  SELECT f.*, EXISTS (
      SELECT 1 FROM lifetimes l WHERE l.capture = f.capture AND l.layer = f.layer AND l.device IS NOT DISTINCT FROM f.device
        AND (l.mm = f.mm OR f.mm IS NULL) AND l.open_seq < f.seq AND l.addr < f.addr + f.len AND f.addr < l.addr + l.len
    ) OR EXISTS (
      SELECT 1 FROM events e WHERE e.capture = f.capture AND e.event = f.event AND e.tid = f.tid AND e.error IS NULL AND e.seq < f.seq AND e.addr < f.addr + f.len AND f.addr < e.addr + e.len
    ) AS later
  FROM failed f
),
caused AS (
  SELECT s.*, CASE s.error WHEN -14 THEN 'no such memory (EFAULT)' WHEN -2 THEN 'no VMA there (ENOENT)' WHEN -12 THEN 'out of memory (ENOMEM)'
      WHEN -1 THEN 'not permitted (EPERM)' WHEN -13 THEN 'not permitted (EACCES)' WHEN -16 THEN 'invalidated meanwhile, to be tried again (EBUSY)'
      WHEN -11 THEN 'to be tried again (EAGAIN)' WHEN -4 THEN 'interrupted (EINTR)' WHEN -121 THEN 'peer not reachable (EREMOTEIO)' WHEN -6 THEN 'no such device (ENXIO)'
      WHEN -19 THEN 'no such device (ENODEV)' WHEN -5 THEN 'refused by the exporter (EIO)' WHEN -22 THEN 'refused: invalid (EINVAL)' WHEN -95 THEN 'refused: not supported (EOPNOTSUPP)'
      ELSE 'error ' || s.error END AS cause
  FROM staged s
)
SELECT
  c.capture, c.device, c.kind, s.site, s.via, NULL AS close_site,
  counted(count(*), 'call', 'calls') || ' of ' || regexp_replace(c.event::VARCHAR, '_ret$', '') || coalesce(' for ' || c.device::VARCHAR, ' by ' || string_agg(DISTINCT c.comm, ', ' ORDER BY c.comm), '') || ' failed '
    || CASE WHEN c.later THEN 'later, on a range that had been mapped before' ELSE 'at set-up' END || ': ' || c.cause AS message,
  count(*) AS count, coalesce(sum(c.len), 0)::BIGINT AS bytes, min(c.ts) AS first_ts, max(c.ts) AS last_ts, NULL AS lifetime, arg_min(c.stack, c.seq) AS open_stack,
  'certain' AS confidence, 'the call''s result was seen' AS reason, c.error AS error, CASE WHEN c.later THEN 'later' ELSE 'set-up' END AS stage
FROM caused c
LEFT JOIN stacks s ON s.id = c.stack
GROUP BY c.capture, c.device, c.kind, c.event, c.later, c.cause, c.error, s.site, s.via
ORDER BY c.capture, c.device::VARCHAR, c.kind::VARCHAR, c.event::VARCHAR, c.later, c.cause, c.error, s.site, s.via
