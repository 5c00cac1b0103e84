-- id: leak-pin
-- title: Pinned user pages never unpinned
-- severity: warning
-- family: leak
-- needs: open of pinned in import; record the probes of the pack pin (dmaspan probes show pin)
-- needs: close of pinned in import; record the probes of the pack pin (dmaspan probes show pin)
-- needs: exit in import that occurred; record sched:sched_process_exit, so that it can be told that whoever pinned is gone
-- param: share = 0; more than this share of what was pinned must be missing
-- reads: none
-- why: A pinned page cannot be moved, reclaimed or given back, and its process's exit does not unpin it: what is lost this way is lost until the next boot.
-- next: unpin_user_pages (or unpin_user_page_range_dirty_lock) for every page that pin_user_pages returned, also when only some of those asked for were pinned.
-- contract: Documentation/core-api/pin_user_pages.rst
WITH pins AS (
  SELECT capture, tid, any_value(comm) AS comm, sum(value)::BIGINT AS pages, min(ts) AS first_ts, max(ts) AS last_ts, max(seq) AS last_seq
  FROM events WHERE kind = 'pinned' AND op = 'open' AND value IS NOT NULL GROUP BY capture, tid
),
unpins AS (
  SELECT capture, sum(value)::BIGINT AS pages FROM events WHERE kind = 'pinned' AND op = 'close' GROUP BY capture
),
exits AS (
  SELECT capture, coalesce(value::INTEGER, tid) AS tid, max(seq) AS seq FROM events WHERE event::VARCHAR LIKE '%sched_process_exit' GROUP BY ALL
),
alive AS (
  -- Pins of tasks that may still be running.
  SELECT p.capture, sum(p.pages)::BIGINT AS pages FROM pins p
  LEFT JOIN exits x ON x.capture = p.capture AND x.tid = p.tid AND x.seq > p.last_seq
  WHERE x.tid IS NULL GROUP BY p.capture
),
held AS (
  -- Pages of registrations that are still open.
  SELECT l.capture, sum((l.len + 4095) // 4096)::BIGINT AS pages FROM lifetimes l
  WHERE l.layer = 'import' AND l.kind = 'mr' AND l.closed_ts IS NULL GROUP BY l.capture
),
sums AS (
  SELECT p.capture, sum(p.pages)::BIGINT AS pinned, coalesce(any_value(u.pages), 0) AS unpinned, coalesce(any_value(a.pages), 0) AS running,
    coalesce(any_value(h.pages), 0) AS held, min(p.first_ts) AS first_ts, max(p.last_ts) AS last_ts
  FROM pins p
  LEFT JOIN unpins u ON u.capture = p.capture
  LEFT JOIN alive a ON a.capture = p.capture
  LEFT JOIN held h ON h.capture = p.capture
  GROUP BY p.capture
)
SELECT
  s.capture, NULL AS device, 'pinned' AS kind, NULL AS site, NULL AS close_site,
  counted(pinned - unpinned - running - held, 'page', 'pages') || ' of ' || pinned || ' pinned were never unpinned, though every task that pinned them is gone' AS message,
  pinned - unpinned - running - held AS count, (pinned - unpinned - running - held) * c.page_size AS bytes, s.first_ts, s.last_ts, NULL AS lifetime,
  CASE WHEN c.losses > 0 THEN 'possible' ELSE 'likely' END AS confidence,
  CASE WHEN c.losses > 0 THEN 'events were lost: the unpins may be among them'
    ELSE 'pins and unpins are counted, not matched: an unpin function without a probe would look the same' END AS reason
FROM sums s
JOIN captures c ON c.capture = s.capture
WHERE pinned - unpinned - running - held > pinned * $share
ORDER BY s.capture
