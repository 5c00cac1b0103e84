-- How much each device had mapped, as steps: one row each time that it changes.
--
-- capture: Which input: `captures.capture`.
-- layer: Address space.
-- device: Device. NULL: not known.
-- ts (ns): When it changed.
-- mappings: Mappings live from then on.
-- bytes (bytes): Bytes live from then on; memory mapped twice counts twice.
CREATE VIEW live_bytes AS
WITH steps AS (
  SELECT capture, layer, device, opened_ts AS ts, 1 AS mappings, coalesce(len, 0)::HUGEINT AS bytes FROM lifetimes
  UNION ALL
  SELECT capture, layer, device, closed_ts, -1, -coalesce(len, 0)::HUGEINT FROM lifetimes WHERE closed_ts IS NOT NULL
),
changes AS (
  SELECT capture, layer, device, ts, sum(mappings) AS mappings, sum(bytes) AS bytes FROM steps GROUP BY ALL
)
SELECT capture, layer, device, ts, sum(mappings) OVER so_far AS mappings, sum(bytes) OVER so_far AS bytes
FROM changes
WINDOW so_far AS (PARTITION BY capture, layer, device ORDER BY ts);
