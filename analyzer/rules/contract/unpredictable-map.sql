-- id: unpredictable-map
-- title: A map that had succeeded before failed, though its range was valid all the time
-- severity: error
-- family: contract
-- needs: open in import; record the importer's map calls, with their results (dmaspan probes list)
-- needs: invalidate_end in import; record the probes of the pack mmu-notifier (dmaspan probes show mmu-notifier): they tell whether the range was valid
-- reads: none
-- why: An exporter must be predictable: what it allowed once it must allow again while the range is valid, because an importer that obeys invalidations has to map again
--   after each, in the middle of the application's work, where a failure cannot be handled.
-- next: Refuse at set-up, or never. Look at what the exporter decides by (a limit, a mode, a peer that came later), and decide it once for the VMA.
-- contract: Documentation/mm/hmm.rst: a fault of a valid range succeeds, or is to be tried again; the requirement of predictable exporters from the discussion of peer-to-peer VMAs
WITH failed AS (
  -- One failure may be seen by several probes, and a machine may stand still between them: the first tells of it.
  SELECT seq, capture, ts, device, kind, mm, addr, len, error, stack FROM events
  WHERE layer = 'import' AND op = 'open' AND error IS NOT NULL AND error NOT IN (-4, -11, -16) AND mm IS NOT NULL AND addr IS NOT NULL AND len IS NOT NULL
  QUALIFY ts - coalesce(lag(ts) OVER (PARTITION BY capture, tid, device, addr, len, error ORDER BY seq), ts - 100000001::BIGINT) > 100000000
),
judged AS (
  SELECT f.*, max_by(l.id, l.open_seq) AS earlier, max(l.open_seq) AS earlier_seq, max(l.opened_ts) AS earlier_ts
  FROM failed f
  JOIN lifetimes l ON l.capture = f.capture AND l.layer = 'import' AND l.kind = f.kind AND l.mm = f.mm AND l.device IS NOT DISTINCT FROM f.device
    AND l.open_seq < f.seq AND l.addr < f.addr + f.len AND f.addr < l.addr + l.len AND NOT l.before_removal AND NOT l.after_exit
  GROUP BY ALL
),
broken AS (
  SELECT j.* FROM judged j
  WHERE NOT EXISTS (
    SELECT 1 FROM invalidations i WHERE i.capture = j.capture AND i.mm = j.mm AND i.cause IN ('unmap', 'release')
      AND i.begin_seq > j.earlier_seq AND i.begin_seq < j.seq AND (i.len IS NULL OR (i.addr < j.addr + j.len AND j.addr < i.addr + i.len)))
)
SELECT
  b.capture, b.device, b.kind, s.site, s.via, NULL AS close_site,
  counted(count(*), 'map', 'maps') || ' of ' || told(b.device) || ' failed with error ' || b.error || ' where a map had succeeded '
    || duration_text(min(b.ts - b.earlier_ts)) || ' before' AS message,
  count(*) AS count, sum(b.len) AS bytes, min(b.ts) AS first_ts, max(b.ts) AS last_ts,
  min(b.earlier) AS lifetime, arg_min(b.stack, b.seq) AS open_stack,
  CASE WHEN any_value(c.losses) > 0 THEN 'possible' ELSE 'certain' END AS confidence,
  CASE WHEN any_value(c.losses) > 0 THEN 'events were lost: an unmap of the range may be among them'
    ELSE 'the earlier success and the failure were seen, and between them the range was neither unmapped nor released' END AS reason,
  b.error AS error
FROM broken b
JOIN captures c ON c.capture = b.capture
LEFT JOIN stacks s ON s.id = b.stack
GROUP BY b.capture, b.device, b.kind, b.error, s.site, s.via
ORDER BY b.capture, b.device::VARCHAR, b.kind::VARCHAR, b.error, s.site, s.via
