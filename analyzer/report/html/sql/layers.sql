-- The layers in which a capture has mappings, with how many have a call site.
SELECT l.layer::VARCHAR AS layer, count(*)::BIGINT AS mappings, count(s.site)::BIGINT AS with_site
FROM lifetimes l
LEFT JOIN stacks s ON s.id = l.open_stack
WHERE l.capture = $capture
GROUP BY l.layer
ORDER BY l.layer;
