-- id: stale-after-unmap-of-vma
-- title: Memory unmapped, moved or discarded under a pinned registration
-- severity: error
-- family: stale
-- needs: open of mr in import; record the probes of the pack rdma (dmaspan probes show rdma)
-- needs: free in import; record the system calls of the pack userland (dmaspan probes show userland): a pinned registration has no notifier, so nothing else shows it
-- reads: none
-- why: A pinned registration keeps its pages, whatever the process does to the addresses: after munmap, mremap or MADV_DONTNEED the device works on one page and the
--   process, at the same address, on another. Writes of the device arrive nowhere.
-- next: Deregister before the range is unmapped (a library's allocator hooks must tell), or register with on-demand paging where the device can.
-- contract: ibv_reg_mr(3); Documentation/core-api/pin_user_pages.rst
WITH RECURSIVE threads AS (
  SELECT capture, value::INTEGER AS tid, tid AS maker FROM events
  WHERE event::VARCHAR LIKE '%task_newtask' AND (other & 65536) != 0
),
process AS (
  SELECT capture, tid, maker AS pid FROM threads
  UNION
  SELECT p.capture, p.tid, t.maker FROM process p JOIN threads t ON t.capture = p.capture AND t.tid = p.pid
),
leader AS (
  SELECT capture, tid, min(pid) AS pid FROM process p
  WHERE NOT EXISTS (SELECT 1 FROM threads t WHERE t.capture = p.capture AND t.tid = p.pid) GROUP BY capture, tid
),
calls AS (
  -- A system call whose exit tells of an error has changed nothing.
  SELECT *, lead(CASE WHEN event::VARCHAR LIKE '%sys_exit_%' THEN error END)
      OVER (PARTITION BY capture, tid, regexp_replace(event::VARCHAR, '^.*sys_(enter|exit)_', '') ORDER BY seq) AS failed
  FROM events WHERE layer = 'import'
),
changes AS (
  -- What a process did to its own addresses: munmap, mremap away, or a discard (MADV_DONTNEED 4, MADV_REMOVE 9).
  SELECT e.capture, coalesce(r.pid, e.tid) AS pid, e.seq, e.ts, e.addr, e.len, e.stack, e.comm,
    CASE WHEN e.op = 'free' THEN 'unmapped' WHEN e.op = 'move' THEN 'moved' ELSE 'discarded' END AS what
  FROM calls e
  LEFT JOIN leader r ON r.capture = e.capture AND r.tid = e.tid
  WHERE e.failed IS NULL AND e.addr IS NOT NULL AND e.len IS NOT NULL
    AND (e.op = 'free' OR (e.op = 'move' AND e.event::VARCHAR LIKE '%mremap%') OR (e.op = 'note' AND e.event::VARCHAR LIKE '%madvise%' AND e.value IN (4, 9)))
),
pinned AS (
  SELECT l.*, coalesce(r.pid, l.open_tid) AS pid
  FROM lifetimes l
  LEFT JOIN leader r ON r.capture = l.capture AND r.tid = l.open_tid
  WHERE l.layer = 'import' AND l.kind = 'mr' AND l.addr IS NOT NULL AND l.len IS NOT NULL
),
hit AS (
  SELECT p.id, any_value(p.capture) AS capture, any_value(p.device) AS device, any_value(p.kind) AS kind, any_value(p.open_comm) AS comm,
    any_value(p.open_stack) AS open_stack, any_value(p.after_loss) AS doubtful, arg_min(c.stack, c.seq) AS close_stack,
    min(c.ts) AS first_ts, max(c.ts) AS last_ts, string_agg(DISTINCT c.what, ', ' ORDER BY c.what DESC) AS what,
    sum(least(p.addr + p.len, c.addr + c.len) - greatest(p.addr, c.addr)) AS touched, any_value(p.len) AS len
  FROM pinned p
  JOIN changes c ON c.capture = p.capture AND c.pid = p.pid AND c.seq > p.open_seq AND (p.close_seq IS NULL OR c.seq < p.close_seq)
    AND c.addr < p.addr + p.len AND p.addr < c.addr + c.len
  GROUP BY p.id
)
SELECT
  h.capture, h.device, h.kind, m.site, m.via, u.site AS close_site, u.via AS close_via,
  counted(count(*), 'pinned registration', 'pinned registrations') || ' of ' || coalesce(h.device::VARCHAR, any_value(h.comm)::VARCHAR, '?')
    || ' whose memory was ' || h.what || ' while registered' AS message,
  count(*) AS count, sum(least(h.touched, h.len))::BIGINT AS bytes, min(h.first_ts) AS first_ts, max(h.last_ts) AS last_ts,
  min(h.id) AS lifetime, arg_min(h.open_stack, h.id) AS open_stack, arg_min(h.close_stack, h.id) AS close_stack, 'Taken away by' AS close_label,
  confidence_of(h.doubtful) AS confidence,
  reason_of(h.doubtful, 'the system call was seen between the registration and its end', 'events were lost while it was registered: its end may be among them') AS reason,
  h.what AS what
FROM hit h
LEFT JOIN stacks m ON m.id = h.open_stack
LEFT JOIN stacks u ON u.id = h.close_stack
GROUP BY h.capture, h.device, h.kind, h.what, m.site, m.via, u.site, u.via
ORDER BY h.capture, h.device::VARCHAR, h.kind::VARCHAR, h.what, m.site, m.via, u.site, u.via
