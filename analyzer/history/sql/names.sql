-- The pages of a history, the one that was asked about first in each section.
SELECT section, step, capture, space, device, mm, task, addr::UBIGINT AS addr, from_ts, until_ts, via
FROM history_pages
ORDER BY section, step > 0, from_ts, step, space, device, addr, via
