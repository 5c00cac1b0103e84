-- A page map as a grid: which part of a row's pages was mapped in a bin of time, from 0 to 1. A row a cell in which something changed, and
-- the part that is mapped from then on.
--
-- A run of pages adds its weight (the part of the row that it covers) when it is mapped and takes it away when it is unmapped. Such a step at x
-- counts for the rest of its bin, and in full for every bin after it.
WITH span AS (
  SELECT first_ts AS begin_ts, last_ts, greatest(last_ts::HUGEINT - first_ts, 1)::DOUBLE AS length FROM captures WHERE capture = $capture
),
run AS (
  SELECT y0 / $height * $rows AS top, y1 / $height * $rows AS bottom,
    (opened_ts::HUGEINT - begin_ts)::DOUBLE / length * $bins AS opened, (closed_ts::HUGEINT - begin_ts)::DOUBLE / length * $bins AS closed
  FROM page_runs, span
  WHERE capture = $capture AND layer = $layer AND device = $device
),
piece AS (
  SELECT least(bottom, row + 1) - greatest(top, row) AS weight, row, opened, closed
  FROM (
    SELECT *, unnest(range(floor(top)::BIGINT, greatest(ceil(bottom)::BIGINT, floor(top)::BIGINT + 1))) AS row FROM run
  )
),
step AS (
  SELECT row, greatest(0, least($bins, opened)) AS x, weight FROM piece
  UNION ALL
  SELECT row, greatest(0, least($bins, closed)), -weight FROM piece WHERE closed IS NOT NULL
),
cell AS (
  SELECT row, least($bins - 1, floor(x))::INTEGER AS bin, x, weight FROM step
),
changed AS (
  SELECT row, bin, sum(weight * (bin + 1 - x)) AS part, sum(weight) AS whole FROM cell GROUP BY row, bin
)
SELECT row::INTEGER AS row, bin,
  part + coalesce(sum(whole) OVER (PARTITION BY row ORDER BY bin ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS mapped,
  sum(whole) OVER (PARTITION BY row ORDER BY bin) AS after
FROM changed
ORDER BY row, bin;
