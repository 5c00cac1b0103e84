-- Which operations each capture recorded, or was set up to record: by the names of its events, through the event dictionary.
-- A name is "system:name"; a format may print no system, and the dictionary has events of any system.
WITH named AS (
  SELECT capture, event FROM event_counts
  UNION
  SELECT capture, unnest(recorded_events) FROM captures
),
known AS (
  SELECT n.capture, t.layer, t.op, t.kind FROM named n JOIN event_types t ON t.event = n.event
  UNION
  SELECT n.capture, t.layer, t.op, t.kind FROM named n JOIN event_types t ON t.event = split_part(n.event, ':', 2)
  UNION
  SELECT n.capture, t.layer, t.op, t.kind FROM named n JOIN event_types t ON split_part(t.event, ':', 2) = n.event
)
SELECT capture, layer, op, kind FROM known ORDER BY capture, layer, op, kind
