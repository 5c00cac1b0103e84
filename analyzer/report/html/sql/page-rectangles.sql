-- Runs of pages as rectangles of a page map, times from the capture's beginning; the longest-lived first. With $open_only, those still mapped at its end.
SELECT p.y0, p.y1, p.addr, p.len, (p.opened_ts::HUGEINT - c.first_ts)::DOUBLE AS opened, (p.closed_ts::HUGEINT - c.first_ts)::DOUBLE AS closed,
  p.lifetime, coalesce(s.site, '') AS site, l.kind::VARCHAR AS kind, coalesce(l.dir::VARCHAR, '') AS dir
FROM page_runs p
JOIN captures c ON c.capture = p.capture
LEFT JOIN lifetimes l ON l.id = p.lifetime
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE p.capture = $capture AND p.layer = $layer AND p.device = $device AND ($open_only = 0 OR p.closed_ts IS NULL)
ORDER BY coalesce(p.closed_ts, c.last_ts)::HUGEINT - p.opened_ts DESC, p.opened_ts, p.addr
LIMIT $most;
