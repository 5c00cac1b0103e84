-- id: leak-at-exit
-- title: Still imported when the process was gone
-- severity: error
-- family: leak
-- needs: open in import; record the importer's map calls (dmaspan probes list)
-- needs: close in import; record the importer's unmap calls (dmaspan probes list)
-- needs: exit in watch or import that occurred; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier), and sched:sched_process_exit
-- reads: none
-- why: Memory that a process gave to a device must be taken back before the process is gone. What nobody unmaps, a device can reach for as long as the machine
--   runs; a registration that only the kernel's clean-up ends shows a program, or a library, that loses track of what it registered.
-- next: Never unmapped: the importer's release callback, and the close of its file, must undo every mapping. Released by the kernel at exit: deregister in the program.
-- contract: include/linux/mmu_notifier.h, struct mmu_notifier_ops, release; ibv_dereg_mr(3)
WITH threads AS (
  -- A thread's exit is not its process's (CLONE_THREAD).
  SELECT capture, value::INTEGER AS tid, seq
  FROM events WHERE event::VARCHAR LIKE '%task_newtask' AND (other & 65536) != 0
),
exits AS (
  SELECT e.capture, coalesce(e.value::INTEGER, e.tid) AS tid, e.ts, e.seq
  FROM events e WHERE e.event::VARCHAR LIKE '%sched_process_exit'
),
left_over AS (
  SELECT l.*, CASE WHEN l.after_exit THEN NULL ELSE x.ts END AS exit_ts, x.seq AS exit_seq
  FROM lifetimes l
  LEFT JOIN exits x ON x.capture = l.capture AND x.tid = l.open_tid AND x.seq > l.open_seq
    AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.capture = x.capture AND t.tid = x.tid AND t.seq < x.seq)
  WHERE l.layer = 'import' AND l.kind != 'grant'
),
leaked AS (
  SELECT o.*, s.site, s.via, u.site AS unmap_site, u.via AS unmap_via, o.closed_ts IS NULL AS forever
  FROM left_over o
  LEFT JOIN stacks s ON s.id = o.open_stack
  LEFT JOIN stacks u ON u.id = o.close_stack
  WHERE CASE WHEN o.closed_ts IS NULL THEN o.after_exit OR o.exit_seq IS NOT NULL
    ELSE o.kind IN ('mr', 'odp') AND (o.after_exit OR o.close_seq > o.exit_seq) END
)
SELECT
  capture, device, kind, site, via, unmap_site AS close_site, unmap_via AS close_via,
  counted(count(*), 'import', 'imports') || ' (' || kind || ') of ' || coalesce(device::VARCHAR, any_value(open_comm)::VARCHAR, '?')
    || CASE WHEN forever THEN ' still mapped when the process was gone, and never unmapped'
        ELSE ' not taken back by the process: the kernel released it after the exit' END AS message,
  count(*) AS count, sum(len) AS bytes, min(opened_ts) AS first_ts, max(opened_ts) AS last_ts,
  min(id) AS lifetime, arg_min(open_stack, id) AS open_stack, arg_min(close_stack, id) AS close_stack,
  CASE WHEN forever THEN 'error' ELSE 'warning' END AS severity,
  CASE WHEN forever THEN confidence_of(after_loss) ELSE 'certain' END AS confidence,
  CASE WHEN forever THEN reason_of(after_loss, 'its address space, or its process, was seen to end, and no unmap was seen', 'events were lost while it was mapped: its unmap may be among them')
    ELSE 'the exit of the process was seen, and the release after it' END AS reason
FROM leaked
GROUP BY capture, device, kind, forever, site, via, unmap_site, unmap_via
ORDER BY capture, device::VARCHAR, kind::VARCHAR, forever DESC, site, via, unmap_site, unmap_via
