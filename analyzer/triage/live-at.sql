-- Who held most of the layer dma at one moment of a capture.
SELECT l.device::VARCHAR AS device, s.site, sum(coalesce(l.len, 0)) AS bytes
FROM lifetimes l
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE l.layer = 'dma' AND l.capture = $capture::INTEGER
  AND l.opened_ts <= $ts::BIGINT AND (l.closed_ts IS NULL OR l.closed_ts > $ts::BIGINT)
GROUP BY l.device, s.site
ORDER BY bytes DESC, device, site
LIMIT 3
