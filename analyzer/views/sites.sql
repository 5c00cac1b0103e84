-- Who maps: the mappings of each call site and device, all captures together.
--
-- layer: Address space.
-- device: Device. NULL: not known.
-- site: Call site of the map: `stacks.site`. NULL: no call stack was recorded, or none of its frames names one.
-- mappings: Mappings made.
-- open: Of these, still open when the capture ended.
-- bytes (bytes): Bytes mapped, all mappings together.
-- open_bytes (bytes): Of these, still mapped when the capture ended.
-- first_ts (ns): First map.
-- last_ts (ns): Last map.
-- longest (ns): Longest time from map to unmap. NULL: none was unmapped.
CREATE VIEW sites AS
SELECT
  l.layer, l.device, s.site,
  count(*) AS mappings,
  count(*) FILTER (l.closed_ts IS NULL) AS open,
  sum(coalesce(l.len, 0)) AS bytes,
  coalesce(sum(l.len) FILTER (l.closed_ts IS NULL), 0) AS open_bytes,
  min(l.opened_ts) AS first_ts,
  max(l.opened_ts) AS last_ts,
  max(l.duration) AS longest
FROM lifetimes l
LEFT JOIN stacks s ON s.id = l.open_stack
GROUP BY ALL;
