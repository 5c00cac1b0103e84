-- Mappings, and parts of mappings, that an invalidation told to go and that were still there when it ended.
--
-- like: lifetimes
-- cause: Why it was invalidated: `invalidations.cause`. NULL: not told.
-- invalidate_begin_ts (ns): When the invalidation began.
-- invalidate_end_ts (ns): When it ended: from here on the mapping was stale.
-- late (ns): From there to its close. NULL: it was never closed.
-- pages: Pages of the capture's size that it covers.
-- duty: Whether every importer must obey an invalidation of this cause. A mapping that only reads may survive a protection change, an owner's own its migration.
CREATE VIEW disobedience AS
SELECT
  l.*, i.cause, i.begin_ts AS invalidate_begin_ts, i.end_ts AS invalidate_end_ts, l.closed_ts - i.end_ts AS late,
  greatest(1, (l.len + c.page_size - 1) // c.page_size) AS pages,
  i.cause IS NULL OR i.cause IN ('unmap', 'clear', 'release') AS duty
FROM lifetimes l
JOIN invalidations i ON i.id = l.invalidation
JOIN captures c ON c.capture = l.capture
WHERE l.layer = 'import' AND i.end_ts IS NOT NULL AND (l.close_seq IS NULL OR l.close_seq > i.end_seq);
