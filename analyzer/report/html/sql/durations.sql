-- How long mappings lived, in powers of two: bin n is from 2^n to 2^(n+1). What was still mapped at the end is counted by its age then.
WITH ended AS (SELECT last_ts FROM captures WHERE capture = $capture)
SELECT l.layer::VARCHAR AS layer, coalesce(l.device::VARCHAR, '') AS device,
  floor(log2(greatest(1, coalesce(l.duration, e.last_ts::HUGEINT - l.opened_ts))::DOUBLE))::INTEGER AS bin,
  count(*) FILTER (l.closed_ts IS NOT NULL)::DOUBLE AS closed, count(*) FILTER (l.closed_ts IS NULL)::DOUBLE AS open
FROM lifetimes l, ended e
WHERE l.capture = $capture
GROUP BY l.layer, l.device, bin
ORDER BY l.layer, device, bin;
