-- id: pinned-but-moved
-- title: Memory migrated under a pinned registration
-- severity: error
-- family: stale
-- needs: open of mr in import; record the probes of the pack rdma (dmaspan probes show rdma)
-- needs: move in import; record migrate:set_migration_pte and migrate:remove_migration_pte
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier): they tell whose addresses are migrated
-- reads: none
-- why: A pinned registration cannot be told to let go, so its owner must not move what is under it. When the pages move all the same, the device works on the old
--   ones, which have a new owner.
-- next: The exporter, or the migration, must respect the pin (FOLL_LONGTERM takes memory out of movable zones): look at what pinned it, and with which flags.
-- contract: Documentation/core-api/pin_user_pages.rst, FOLL_LONGTERM; Documentation/mm/page_migration.rst
WITH moves AS (
  -- A page is moved when its migration entry is replaced again, inside the invalidation that its mover began.
  SELECT e.capture, i.mm, e.addr, coalesce(e.len, 4096) AS len, e.ts, e.seq, e.stack
  FROM events e
  JOIN invalidations i ON i.capture = e.capture AND i.tid = e.tid AND i.cause = 'migrate'
    AND e.seq > i.begin_seq AND (i.end_seq IS NULL OR e.seq < i.end_seq)
  WHERE e.event::VARCHAR LIKE '%set_migration_pte' AND e.addr IS NOT NULL
    AND EXISTS (
      SELECT 1 FROM events r WHERE r.event::VARCHAR LIKE '%remove_migration_pte' AND r.capture = e.capture AND r.addr = e.addr AND r.seq > e.seq)
),
hit AS (
  SELECT l.id, any_value(l.capture) AS capture, any_value(l.device) AS device, any_value(l.kind) AS kind, any_value(l.open_comm) AS comm,
    any_value(l.open_stack) AS open_stack, arg_min(m.stack, m.seq) AS close_stack, min(m.ts) AS first_ts, max(m.ts) AS last_ts, sum(m.len) AS bytes
  FROM lifetimes l
  JOIN moves m ON m.capture = l.capture AND m.mm = l.mm AND m.seq > l.open_seq AND (l.close_seq IS NULL OR m.seq < l.close_seq)
    AND m.addr >= l.addr AND m.addr < l.addr + l.len
  WHERE l.layer = 'import' AND l.kind = 'mr'
  GROUP BY l.id
)
SELECT
  h.capture, h.device, h.kind, m.site, m.via, u.site AS close_site, u.via AS close_via,
  counted(count(*), 'pinned registration', 'pinned registrations') || ' of ' || coalesce(h.device::VARCHAR, any_value(h.comm)::VARCHAR, '?')
    || ' whose memory was migrated' AS message,
  count(*) AS count, sum(h.bytes)::BIGINT AS bytes, min(h.first_ts) AS first_ts, max(h.last_ts) AS last_ts,
  min(h.id) AS lifetime, arg_min(h.open_stack, h.id) AS open_stack, arg_min(h.close_stack, h.id) AS close_stack, 'Moved by' AS close_label,
  'likely' AS confidence, 'the migration of its addresses was seen from begin to end; a migration that failed for a page puts it back the same way' AS reason
FROM hit h
LEFT JOIN stacks m ON m.id = h.open_stack
LEFT JOIN stacks u ON u.id = h.close_stack
GROUP BY h.capture, h.device, h.kind, m.site, m.via, u.site, u.via
ORDER BY h.capture, h.device::VARCHAR, h.kind::VARCHAR, m.site, m.via, u.site, u.via
