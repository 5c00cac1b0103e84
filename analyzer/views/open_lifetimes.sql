-- The mappings that were still open when their capture ended, with their age and who made them.
--
-- like: lifetimes
-- age (ns): From its open to the last event of its capture.
-- site: Call site of the map: `stacks.site`. NULL: no call stack was recorded, or none of its frames names one.
CREATE VIEW open_lifetimes AS
SELECT l.*, c.last_ts - l.opened_ts AS age, s.site
FROM lifetimes l
JOIN captures c USING (capture)
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE l.closed_ts IS NULL;
