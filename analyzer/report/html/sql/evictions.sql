-- How long importers took to undo a mapping, from the begin of the invalidation that told them to, in powers of two. Bin NULL: never.
SELECT l.layer::VARCHAR AS layer, coalesce(l.device::VARCHAR, '') AS device,
  CASE WHEN l.closed_ts IS NOT NULL THEN floor(log2(greatest(1, l.closed_ts - i.begin_ts)::DOUBLE))::INTEGER END AS bin, count(*)::DOUBLE AS mappings
FROM lifetimes l
JOIN invalidations i ON i.id = l.invalidation
WHERE l.capture = $capture
GROUP BY l.layer, l.device, bin
ORDER BY l.layer, device, bin NULLS LAST;
