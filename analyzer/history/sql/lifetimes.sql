-- Every lifetime of a history, once: those that touch its pages, and what these were made for (registration, attachment, notifier).
WITH RECURSIVE touched AS (
  SELECT section, id, min(step) AS step, bool_or(exact) AS exact, min({step: step, space: space, device: device, mm: mm, task: task, page: addr}) AS name
  FROM history_touching GROUP BY section, id
),
reason AS (
  SELECT l.id, l.parent AS cause FROM lifetimes l WHERE l.parent IS NOT NULL
  UNION ALL
  SELECT m.id, a.id
  FROM lifetimes m
  JOIN lifetimes a ON a.capture = m.capture AND a.layer = 'dmabuf' AND a.kind = 'attachment' AND a.object = m.other AND a.opened_ts <= m.opened_ts AND (a.closed_ts IS NULL OR a.closed_ts >= m.opened_ts)
  WHERE m.layer = 'dmabuf' AND m.kind = 'attachment_map'
),
context AS (
  SELECT section, id, 0 AS up FROM touched
  UNION
  SELECT c.section, r.cause, c.up + 1 FROM context c JOIN reason r ON r.id = c.id WHERE c.up < 8
)
SELECT c.section, c.id, any_value(t.step) AS step, coalesce(bool_or(t.exact), false) AS exact, any_value(t.name.space) AS space, any_value(t.name.device) AS device,
  any_value(t.name.mm) AS mm, any_value(t.name.task) AS task, any_value(t.name.page) AS page
FROM context c
LEFT JOIN touched t ON t.section = c.section AND t.id = c.id
GROUP BY c.section, c.id
ORDER BY c.section, c.id
