-- Whose address space a thread runs in, where its events tell: system calls and pins name none.
SELECT DISTINCT capture, tid, mm
FROM (
  SELECT capture, open_tid AS tid, mm FROM lifetimes WHERE layer = 'pool' OR kind IN ('mr', 'odp')
  UNION ALL
  SELECT capture, tid, mm FROM events WHERE op = 'exit'
)
WHERE tid > 0 AND mm IS NOT NULL
ORDER BY capture, tid, mm
