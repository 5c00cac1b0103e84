-- The lifetimes of a history, with what findings are told apart by.
SELECT h.section, l.id, l.device::VARCHAR AS device, l.kind::VARCHAR AS kind, l.closed_ts, s.site
FROM history_lifetimes h
JOIN lifetimes l ON l.id = h.id
LEFT JOIN stacks s ON s.id = l.open_stack
ORDER BY h.section, l.id
