-- A page map cut into rows of equal height: the lowest address that begins in each.
SELECT least($rows - 1, floor(y0 / $height * $rows))::INTEGER AS row, min(addr) AS addr
FROM page_runs
WHERE capture = $capture AND layer = $layer AND device = $device
GROUP BY row
ORDER BY row;
