-- The rows of page_lifetimes, each with its place in the page map of its address space: from y0 to y1.
-- Only pages that were ever mapped have a place. Neighbours that always came and went together take as much as the logarithm of their
-- number (one page takes 1), so that a large buffer does not hide single pages.
WITH run AS (
  SELECT DISTINCT capture, layer, coalesce(device::VARCHAR, '') AS device, first_page, first_page + pages AS end_page FROM page_lifetimes
),
edge AS (
  SELECT capture, layer, device, page, sum(step) AS step
  FROM (
    SELECT capture, layer, device, first_page AS page, 1 AS step FROM run
    UNION ALL
    SELECT capture, layer, device, end_page, -1 FROM run
  )
  GROUP BY capture, layer, device, page
),
part AS (
  SELECT capture, layer, device, page,
    CASE WHEN sum(step) OVER so_far > 0 THEN 1 + log2((lead(page) OVER so_far - page)::DOUBLE) ELSE 0 END AS height
  FROM edge WINDOW so_far AS (PARTITION BY capture, layer, device ORDER BY page)
),
place AS (
  SELECT capture, layer, device, page, sum(height) OVER so_far - height AS y
  FROM part WINDOW so_far AS (PARTITION BY capture, layer, device ORDER BY page)
)
SELECT p.capture, p.layer, coalesce(p.device::VARCHAR, '') AS device, p.addr, p.len, p.pages, p.opened_ts, p.closed_ts, p.lifetime, p.peak, a.y AS y0, b.y AS y1
FROM page_lifetimes p
JOIN place a ON a.capture = p.capture AND a.layer = p.layer AND a.device = coalesce(p.device::VARCHAR, '') AND a.page = p.first_page
JOIN place b ON b.capture = p.capture AND b.layer = p.layer AND b.device = coalesce(p.device::VARCHAR, '') AND b.page = p.first_page + p.pages
ORDER BY p.capture, p.layer, device, p.opened_ts, p.addr
