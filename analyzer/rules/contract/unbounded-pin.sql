-- id: unbounded-pin
-- title: Memory imported for long in a way that nobody can invalidate
-- severity: info
-- family: contract
-- needs: open of mr in import; record the importer's map calls (dmaspan probes show rdma)
-- param: bound_ms = 10000; held longer than this
-- reads: none
-- why: A pinned registration obeys no notifier: its memory cannot be migrated, compacted or evicted, and an exporter that must move it never can.
-- next: Use on-demand paging where the device can, register for as long as the transfer takes, or put such memory where nothing needs to move.
-- contract: Documentation/core-api/pin_user_pages.rst, FOLL_LONGTERM; Documentation/driver-api/dma-buf.rst
WITH pinned AS (
  SELECT l.*, s.site, s.via, coalesce(l.closed_ts, c.last_ts) - l.opened_ts AS age
  FROM lifetimes l
  JOIN captures c ON c.capture = l.capture
  LEFT JOIN stacks s ON s.id = l.open_stack
  WHERE l.layer = 'import' AND l.kind = 'mr' AND coalesce(l.closed_ts, c.last_ts) - l.opened_ts > $bound_ms * 1000000::BIGINT
)
SELECT
  capture, device, kind, site, via, NULL AS close_site,
  counted(count(*), 'pinned registration', 'pinned registrations') || ' of ' || coalesce(device::VARCHAR, any_value(open_comm)::VARCHAR, '?') || ' held for up to ' || duration_text(max(age)) AS message,
  count(*) AS count, sum(len) AS bytes, min(opened_ts) AS first_ts, max(opened_ts) AS last_ts, arg_max(id, age) AS lifetime, arg_max(open_stack, age) AS open_stack,
  'certain' AS confidence, 'the registration was seen, and how long it lasted at least' AS reason, max(age) AS longest
FROM pinned
GROUP BY capture, device, kind, site, via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, site, via
