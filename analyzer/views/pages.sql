-- One row a page of `page_lifetimes`. A gigabyte mapped is 262,144 rows: name a device or a time, or count `page_lifetimes.pages`.
--
-- page (pages): Page number (address / page size).
-- addr (address): First address of the page.
-- layer: Address space of the page.
-- device: Device whose DMA address it is. NULL: the layer `iommu`, whose events name no device.
-- opened_ts (ns): First moment at which a mapping covered it.
-- closed_ts (ns): When the last mapping of it ended. NULL: still mapped when the capture ended.
-- lifetime: Mapping that opened it: `lifetimes.id`.
-- peak: Most mappings at once.
-- capture: Which input: `captures.capture`.
CREATE VIEW pages AS
SELECT
  p.first_page + r.i AS page,
  p.addr + r.i * c.page_size AS addr,
  p.layer, p.device, p.opened_ts, p.closed_ts, p.lifetime, p.peak, p.capture
FROM page_lifetimes p
JOIN captures c USING (capture),
LATERAL (SELECT unnest(range(p.pages::BIGINT))::UBIGINT AS i) r;
