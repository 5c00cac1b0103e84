-- The mappings that were still open when their capture ended, with their age and who made them.
--
-- like: lifetimes
-- age (ns): From its open to the last event of its capture. NULL: 64 bits cannot hold it, as with times of a damaged capture.
-- site: Call site of the map: `stacks.site`. NULL: no call stack was recorded, or none of its frames names one.
CREATE VIEW open_lifetimes AS
SELECT l.*, TRY_CAST(c.last_ts::HUGEINT - l.opened_ts AS BIGINT) AS age, s.site
FROM lifetimes l
JOIN captures c USING (capture)
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE l.closed_ts IS NULL;
