-- Who maps, and for how long: a row a device, kind and call site.
SELECT l.layer::VARCHAR AS layer, coalesce(l.device::VARCHAR, '') AS device, coalesce(l.kind::VARCHAR, '') AS kind, coalesce(s.site, '') AS site,
  count(*)::BIGINT AS mappings, sum(coalesce(l.len, 0))::DOUBLE AS bytes,
  count(*) FILTER (l.closed_ts IS NULL)::BIGINT AS open, coalesce(sum(l.len) FILTER (l.closed_ts IS NULL), 0)::DOUBLE AS open_bytes,
  quantile_disc(l.duration, 0.5)::DOUBLE AS half, quantile_disc(l.duration, 0.99)::DOUBLE AS most, max(l.duration)::DOUBLE AS longest
FROM lifetimes l
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE l.capture = $capture
GROUP BY l.layer, l.device, l.kind, s.site
ORDER BY l.layer, open_bytes DESC, mappings DESC, device, l.kind, site
LIMIT $most;
