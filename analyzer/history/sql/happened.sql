-- Everything that happened to the pages of each section, and to what was mapped there.
-- turn: the order of what one event shows. step: 0 of the page that was asked about, else of the same page by another name; NULL of what has no page.
-- detail: what there is to say beyond the columns.
WITH lifetime AS (
  SELECT h.section, h.step, h.exact, h.space AS page_space, h.device AS page_device, h.mm AS page_mm, h.task AS page_task, h.page, l.*
  FROM history_lifetimes h
  JOIN lifetimes l ON l.id = h.id
),
page AS (
  SELECT p.section, p.step, p.asked, p.space AS page_space, p.device AS page_device, p.mm AS page_mm, p.task AS page_task, p.addr AS page, p.size, p.capture, p.from_ts, p.until_ts
  FROM history_pages p
),
began AS (
  SELECT section, step, exact, page_space, page_device, page_mm, page_task, page, opened_ts AS ts, open_seq AS seq, 0 AS turn,
    CASE layer::VARCHAR WHEN 'watch' THEN 'watched' WHEN 'pool' THEN CASE kind::VARCHAR WHEN 'vma' THEN 'mapped into a process' ELSE 'taken from its pool' END
      ELSE CASE kind::VARCHAR WHEN 'mr' THEN 'registered' WHEN 'odp' THEN 'registered' WHEN 'pinned' THEN 'pinned' WHEN 'attachment' THEN 'attached' WHEN 'grant' THEN 'granted' ELSE 'mapped' END END AS what,
    id AS lifetime, open_tid AS tid, open_stack AS stack, NULL AS detail
  FROM lifetime
),
ended AS (
  SELECT section, step, exact, page_space, page_device, page_mm, page_task, page, closed_ts AS ts, close_seq AS seq, 1 AS turn,
    CASE end_reason::VARCHAR WHEN 'closed' THEN CASE layer::VARCHAR WHEN 'watch' THEN 'watch removed' WHEN 'pool' THEN 'given back to its pool'
        ELSE CASE kind::VARCHAR WHEN 'mr' THEN 'deregistered' WHEN 'odp' THEN 'deregistered' WHEN 'pinned' THEN 'unpinned' WHEN 'attachment' THEN 'detached' WHEN 'grant' THEN 'grant given back' ELSE 'unmapped' END END
      WHEN 'split' THEN 'unmapped in part' ELSE end_reason::VARCHAR END AS what,
    id AS lifetime, close_tid AS tid, close_stack AS stack, NULL AS detail
  FROM lifetime WHERE closed_ts IS NOT NULL
),
left_open AS (
  SELECT section, step, exact, page_space, page_device, page_mm, page_task, page, c.last_ts AS ts, NULL::BIGINT AS seq, 9 AS turn, 'still open' AS what,
    id AS lifetime, NULL::INTEGER AS tid, NULL::UINTEGER AS stack,
    CASE WHEN kind = 'vma' THEN 'as far as is known: no event tells when a process unmaps it' ELSE duration_text(c.last_ts - opened_ts) || ' old when the capture ended' END AS detail
  FROM lifetime
  JOIN captures c USING (capture)
  WHERE closed_ts IS NULL
),
-- A kernel pointer names one address space after the other: from the second release on it is not the one that this was mapped in.
ends AS (
  SELECT l.id, (SELECT list_sort(list(i.begin_ts))[2] FROM invalidations i WHERE i.capture = l.capture AND i.mm = l.mm AND i.cause = 'release' AND i.begin_ts >= l.opened_ts) AS ts
  FROM lifetime l
  WHERE l.mm IS NOT NULL
),
-- Invalidations of the page's address space that cover it, and of a dma-buf that its attachments map.
told AS (
  SELECT p.section, p.step, p.asked >= coalesce(i.addr, 0) AND (i.len IS NULL OR p.asked < i.addr::HUGEINT + i.len) AS exact, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, i.id
  FROM page p
  JOIN invalidations i ON i.capture = p.capture AND i.mm = p.page_mm AND (i.len IS NULL OR (i.addr < p.page + p.size AND i.addr::HUGEINT + i.len > p.page))
    AND (p.from_ts IS NULL OR i.end_ts IS NULL OR i.end_ts >= p.from_ts) AND (p.until_ts IS NULL OR i.begin_ts <= p.until_ts)
  WHERE p.page_space = 'va' AND i.layer = 'import' AND (i.len IS NOT NULL OR EXISTS (
    FROM lifetime l JOIN ends d ON d.id = l.id
    WHERE l.section = p.section AND l.mm = p.page_mm AND l.opened_ts <= i.begin_ts AND (l.closed_ts IS NULL OR l.closed_ts >= i.begin_ts) AND (d.ts IS NULL OR i.begin_ts < d.ts)))
  UNION
  SELECT l.section, l.step, false, l.page_space, l.page_device, l.page_mm, l.page_task, l.page, i.id
  FROM lifetime l
  JOIN invalidations i ON i.id = l.invalidation
  WHERE l.layer = 'dmabuf'
),
invalidated AS (
  SELECT t.*EXCLUDE (id), i.begin_ts AS ts, i.begin_seq AS seq, 2 AS turn, CASE WHEN i.layer = 'dmabuf' THEN 'revoked by its exporter' WHEN i.cause = 'release' THEN 'address space released' ELSE 'invalidated' END AS what,
    NULL::BIGINT AS lifetime, i.tid, e.stack,
    concat_ws(', ', 'cause ' || i.cause::VARCHAR, CASE WHEN i.layer = 'dmabuf' THEN NULL WHEN i.len IS NULL THEN 'all addresses' ELSE addr_hex(i.addr) || ' + ' || i.len END, i.imports || CASE WHEN i.imports = 1 THEN ' mapping' ELSE ' mappings' END || ' in it') AS detail
  FROM told t
  JOIN invalidations i ON i.id = t.id
  LEFT JOIN events e ON e.seq = i.begin_seq
  UNION ALL
  SELECT t.*EXCLUDE (id), i.end_ts, i.end_seq, 2, 'invalidation over', NULL, i.tid, NULL,
    i.obeyed || CASE WHEN i.obeyed = 1 THEN ' mapping' ELSE ' mappings' END || ' closed in it, ' || i.remaining || ' still there'
  FROM told t
  JOIN invalidations i ON i.id = t.id
  WHERE i.end_ts IS NOT NULL
),
misused AS (
  SELECT p.section, p.step, p.asked >= a.addr AND p.asked < a.addr::HUGEINT + greatest(coalesce(a.len, 1), 1) AS exact, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, a.*
  FROM page p
  JOIN anomalies a ON a.capture = p.capture AND a.device::VARCHAR = p.page_device AND a.addr < p.page + p.size AND a.addr::HUGEINT + greatest(coalesce(a.len, 1), 1) > p.page
  WHERE p.page_space = 'dma' AND (p.from_ts IS NULL OR a.ts >= p.from_ts) AND (p.until_ts IS NULL OR a.ts <= p.until_ts)
  UNION ALL
  -- What was done to these mappings in the name of another device, or to their memory.
  SELECT l.section, l.step, l.exact, l.page_space, l.page_device, l.page_mm, l.page_task, l.page, a.*
  FROM lifetime l
  JOIN anomalies a ON a.lifetime = l.id
),
wrong AS (
  SELECT m.section, m.step, m.exact, m.page_space, m.page_device, m.page_mm, m.page_task, m.page, m.ts, m.seq, 3 AS turn, m.kind::VARCHAR AS what, m.lifetime, e.tid, e.stack,
    CASE WHEN m.kind = 'freed_mapped' THEN addr_hex(m.expected) || ' to ' || addr_hex(m.actual)
      WHEN m.kind = 'overlapping_map' THEN m.len || ' bytes in common'
      WHEN m.expected IS NOT NULL THEN 'mapped ' || coalesce(anomaly_text(m.kind, m.expected), '?') || ', now ' || coalesce(anomaly_text(m.kind, m.actual), '?') END
      || CASE WHEN m.other IS NULL THEN '' ELSE ', with lifetime ' || m.other END AS detail
  FROM misused m
  LEFT JOIN events e ON e.seq = m.seq
),
-- Events that no lifetime tells of.
noted AS (
  SELECT p.section, p.step, coalesce(p.asked >= e.addr AND p.asked < e.addr::HUGEINT + greatest(coalesce(e.len, 1), 1), false) AS exact, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*
  FROM page p
  JOIN events e ON e.capture = p.capture AND e.addr < p.page + p.size AND e.addr::HUGEINT + greatest(coalesce(e.len, 1), 1) > p.page
  LEFT JOIN history_tasks t ON t.capture = e.capture AND t.tid = e.tid AND t.mm = p.page_mm
  WHERE p.page_space = 'va' AND e.layer IN ('import', 'watch', 'pool') AND e.op NOT IN ('call', 'invalidate_begin', 'invalidate_end')
    AND (e.mm = p.page_mm OR (e.mm IS NULL AND (t.tid IS NOT NULL OR e.tid = p.page_task)))
  UNION ALL
  SELECT p.section, p.step, coalesce(p.asked >= e.phys AND p.asked < e.phys::HUGEINT + e.span, false), p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*EXCLUDE (span)
  FROM page p
  JOIN (
    SELECT f.*, coalesce(f.len, CASE WHEN f.kind = 'pinned' AND f.value < 4194304 THEN f.value * c.page_size END, c.page_size)::HUGEINT AS span
    FROM events f JOIN captures c ON c.capture = f.capture
    WHERE f.phys IS NOT NULL AND f.layer IN ('page', 'pool', 'import') AND f.op <> 'call'
  ) e ON e.capture = p.capture AND e.phys < p.page + p.size AND e.phys::HUGEINT + e.span > p.page
  WHERE p.page_space = 'phys'
  UNION ALL
  SELECT p.section, p.step, p.asked >= e.addr AND p.asked < e.addr::HUGEINT + greatest(coalesce(e.len, 1), 1), p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*
  FROM page p
  JOIN events e ON e.capture = p.capture AND e.device::VARCHAR = p.page_device AND e.addr < p.page + p.size AND e.addr::HUGEINT + greatest(coalesce(e.len, 1), 1) > p.page
  WHERE p.page_space = 'dma' AND e.layer = 'dma' AND e.op IN ('sync', 'fail')
  UNION ALL
  SELECT p.section, p.step, false, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*
  FROM page p
  JOIN events e ON e.capture = p.capture AND e.object = p.page
  WHERE p.page_space = 'object' AND e.op <> 'call'
  UNION ALL
  -- The end of the process that it was in.
  SELECT p.section, p.step, false, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*
  FROM page p
  JOIN events e ON e.capture = p.capture AND e.op = 'exit' AND e.layer = 'import'
  WHERE p.page_space = 'va' AND e.addr IS NULL AND e.mm IS NULL
    AND (e.tid = p.page_task OR EXISTS (FROM lifetime l WHERE l.section = p.section AND l.mm = p.page_mm AND l.open_tid = e.tid))
  UNION ALL
  -- The end of the device that it was mapped for, or whose memory it is.
  SELECT p.section, p.step, false, p.page_space, p.page_device, p.page_mm, p.page_task, p.page, e.*
  FROM page p
  JOIN events e ON e.capture = p.capture AND e.device::VARCHAR = p.page_device AND e.op IN ('remove', 'removed')
  WHERE p.page_space = 'dma'
  UNION ALL
  SELECT DISTINCT l.section, l.step, false, l.page_space, l.page_device, l.page_mm, l.page_task, l.page, e.*
  FROM lifetime l
  JOIN events e ON e.capture = l.capture AND e.device = l.device AND e.ts >= l.opened_ts AND (e.op IN ('remove', 'removed') OR (e.op = 'exit' AND e.layer = 'pool'))
  WHERE l.layer = 'pool'
),
other_events AS (
  SELECT n.section, n.step, n.exact, n.page_space, n.page_device, n.page_mm, n.page_task, n.page, n.ts, n.seq, 2 AS turn,
    CASE WHEN n.error IS NOT NULL THEN CASE n.op::VARCHAR WHEN 'open' THEN 'map' ELSE regexp_replace(n.event::VARCHAR, '^\w+:', '') END || ' failed' WHEN n.op = 'sync' THEN 'synced' WHEN n.op = 'remove' THEN 'device about to go' WHEN n.op = 'removed' THEN 'device gone'
      WHEN n.op = 'exit' THEN CASE n.layer::VARCHAR WHEN 'pool' THEN 'provider gone' ELSE 'process ended' END
      WHEN n.kind = 'pinned' THEN CASE n.op::VARCHAR WHEN 'open' THEN 'pinned' ELSE 'unpinned' END
      WHEN n.op = 'free' THEN CASE n.layer::VARCHAR WHEN 'import' THEN 'unmapped by its process' ELSE 'freed' END
      WHEN n.op = 'move' THEN 'moved' WHEN n.op = 'open' THEN 'opened' WHEN n.op = 'close' THEN 'closed' ELSE regexp_replace(n.event::VARCHAR, '^\w+:', '') END AS what,
    CASE WHEN n.op = 'sync' THEN n.lifetime END AS lifetime, n.tid, n.stack, CASE WHEN n.error IS NOT NULL THEN 'errno ' || n.error END AS detail
  FROM noted n
  JOIN (SELECT section, page_space, page_device, page_mm, page_task, page, min(from_ts) AS from_ts, CASE WHEN bool_or(until_ts IS NULL) THEN NULL ELSE max(until_ts) END AS until_ts, bool_or(from_ts IS NULL) AS ever
        FROM page GROUP BY ALL) p
    ON p.section = n.section AND p.page_space IS NOT DISTINCT FROM n.page_space AND p.page_device IS NOT DISTINCT FROM n.page_device AND p.page_mm IS NOT DISTINCT FROM n.page_mm
      AND p.page_task IS NOT DISTINCT FROM n.page_task AND p.page IS NOT DISTINCT FROM n.page
  WHERE (p.ever OR n.ts >= p.from_ts) AND (p.until_ts IS NULL OR n.ts <= p.until_ts)
    AND (n.op = 'sync' OR n.lifetime IS NULL)
),
logged AS (
  SELECT p.section, p.step, p.asked >= m.addr AND p.asked < m.addr::HUGEINT + greatest(coalesce(m.len, 1), 1) AS exact, p.page_space, p.page_device, p.page_mm, p.page_task, p.page,
    m.ts, NULL::BIGINT AS seq, 4 AS turn, 'kernel log' AS what, NULL::BIGINT AS lifetime, NULL::INTEGER AS tid, NULL::UINTEGER AS stack, 'line ' || m.line || ': ' || m.text AS detail
  FROM page p
  JOIN kernel_messages m ON m.capture = p.capture AND (m.device IS NULL OR m.device = p.page_device) AND m.addr < p.page + p.size AND m.addr::HUGEINT + greatest(coalesce(m.len, 1), 1) > p.page
  WHERE p.page_space = 'dma' AND (p.from_ts IS NULL OR m.ts >= p.from_ts) AND (p.until_ts IS NULL OR m.ts <= p.until_ts)
),
happened AS (
  FROM began UNION ALL FROM ended UNION ALL FROM left_open UNION ALL FROM invalidated UNION ALL FROM wrong UNION ALL FROM other_events UNION ALL FROM logged
),
once AS (
  SELECT section, ts, seq, turn, what, lifetime, detail, min(step) AS step, bool_or(exact) AS exact,
    min({step: coalesce(step, 99), space: page_space, device: page_device, mm: page_mm, task: page_task, page: page}) AS name, min(tid) AS tid, min(stack) AS stack
  FROM happened
  GROUP BY section, ts, seq, turn, what, lifetime, detail
)
SELECT o.*EXCLUDE (name), o.name.space AS page_space, o.name.device AS page_device, o.name.mm AS page_mm, o.name.task AS page_task, o.name.page AS page,
  l.layer::VARCHAR AS layer, l.kind::VARCHAR AS kind, coalesce(l.device, e.device)::VARCHAR AS device, coalesce(l.mm, e.mm) AS mm, coalesce(l.addr, e.addr) AS addr, coalesce(l.len, e.len) AS len,
  coalesce(l.phys, e.phys) AS phys, coalesce(CASE WHEN o.turn >= 2 THEN e.dir END, l.dir, e.dir)::VARCHAR AS dir, coalesce(l.object, e.object) AS object, l.parent, CASE WHEN o.turn = 1 THEN l.duration END AS duration,
  e.event::VARCHAR AS event, coalesce(e.comm, CASE WHEN o.turn = 0 THEN l.open_comm END)::VARCHAR AS comm, s.site, s.via
FROM once o
LEFT JOIN lifetimes l ON l.id = o.lifetime
LEFT JOIN events e ON e.seq = o.seq
LEFT JOIN stacks s ON s.id = o.stack
ORDER BY o.section, o.ts NULLS LAST, o.seq NULLS LAST, o.turn, o.lifetime, o.what, o.detail
