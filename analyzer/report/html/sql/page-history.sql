-- Of what happened to the page of each finding (history_rows, by its number), the nearest $near events before its moment and after it.
--
-- same_address: at the same address of the same space; otherwise it is the same physical memory, whichever device mapped it.
WITH asked AS (
  SELECT unnest(from_json($findings::JSON, '[{"finding": "INTEGER", "moment": "BIGINT"}]'), recursive := true)
),
numbered AS (
  SELECT a.finding, a.moment, r.*, count(*) OVER (PARTITION BY a.finding) AS all_rows,
    row_number() OVER (PARTITION BY a.finding, r.ts > a.moment ORDER BY abs(r.ts::HUGEINT - a.moment), r.seq DESC, r.turn, r.lifetime, r.what) AS distance
  FROM asked a
  JOIN history_rows r ON r.section = a.finding
  WHERE r.ts IS NOT NULL AND r.layer IS DISTINCT FROM 'iommu' -- what the IOMMU did for a mapping is the mapping over again
)
SELECT finding, ts, ts = moment AS now, what, lifetime, device, addr, len, dir, tid, site, coalesce(page_space <> 'phys', true) AS same_address, all_rows::BIGINT AS all_rows
FROM numbered
WHERE distance <= $near
ORDER BY finding, ts, seq, turn, lifetime, what;
