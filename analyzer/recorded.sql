-- Which operations each capture recorded, or was set up to record: by the names of its events, through the event dictionary.
-- Whether one occurred, too. A name is "system:name"; a format may print no system, and the dictionary has events of any system.
WITH named AS (
  SELECT capture, event, true AS occurred FROM event_counts
  UNION ALL
  SELECT capture, unnest(recorded_events), false FROM captures
),
known AS (
  SELECT n.capture, n.occurred, t.layer, t.op, t.kind FROM named n JOIN event_types t ON t.event = n.event
  UNION
  SELECT n.capture, n.occurred, t.layer, t.op, t.kind FROM named n JOIN event_types t ON t.event = split_part(n.event, ':', 2)
  UNION
  SELECT n.capture, n.occurred, t.layer, t.op, t.kind FROM named n JOIN event_types t ON split_part(t.event, ':', 2) = n.event
)
SELECT capture, layer, op, kind, bool_or(occurred) AS occurred FROM known GROUP BY capture, layer, op, kind ORDER BY capture, layer, op, kind
