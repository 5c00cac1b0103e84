-- The address spaces of a capture that have a page map: how many runs of pages, how many still mapped at its end, how high the map is.
SELECT layer::VARCHAR AS layer, device, count(*)::BIGINT AS runs, count(*) FILTER (closed_ts IS NULL)::BIGINT AS open,
  sum(pages)::DOUBLE AS pages, coalesce(sum(pages) FILTER (closed_ts IS NULL), 0)::DOUBLE AS open_pages,
  count(DISTINCT addr)::BIGINT AS places, max(y1) AS height, min(addr) AS lowest, max(addr::HUGEINT + len) AS beyond
FROM page_runs
WHERE capture = $capture
GROUP BY layer, device
ORDER BY layer, runs DESC, device;
