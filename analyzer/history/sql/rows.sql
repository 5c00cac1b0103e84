-- What happened, section by section, in time order.
SELECT *EXCLUDE (page), page::UBIGINT AS page
FROM history_rows
ORDER BY section, ts NULLS LAST, seq NULLS LAST, turn, lifetime, what, detail
