-- What every rule can count on, made once before the first rule runs.

-- Words for messages.
CREATE OR REPLACE MACRO counted(n, one, many) AS n::VARCHAR || ' ' || CASE WHEN n = 1 THEN one ELSE many END;
CREATE OR REPLACE MACRO kind_name(kind) AS
  CASE kind::VARCHAR WHEN 'sg' THEN 'scatterlist' WHEN 'coherent' THEN 'coherent buffer' WHEN 'pages' THEN 'page allocation'
    WHEN 'noncontiguous' THEN 'noncontiguous buffer' WHEN 'resource' THEN 'resource mapping' ELSE 'mapping' END;
CREATE OR REPLACE MACRO things(n, kind) AS counted(n, kind_name(kind), kind_name(kind) || 's');

-- A fact that an event may not tell.
CREATE OR REPLACE MACRO told(x) AS coalesce(x::VARCHAR, '?');

-- Confidence of a finding. `doubtful` is true for an instance that a lost event could explain away.
CREATE OR REPLACE MACRO confidence_of(doubtful) AS CASE WHEN bool_and(doubtful) THEN 'possible' ELSE 'certain' END;
CREATE OR REPLACE MACRO reason_of(doubtful, certain_text, possible_text) AS
  CASE WHEN bool_and(doubtful) THEN possible_text
    WHEN bool_or(doubtful) THEN certain_text || '; for ' || count(*) FILTER (doubtful) || ' of ' || count(*) || ', ' || possible_text
    ELSE certain_text END;

-- The same of an unmap that may be of a mapping older than the capture (`incidents.may_be_older`): then nobody can tell.
CREATE OR REPLACE MACRO unmap_confidence(may_be_older, doubtful) AS CASE WHEN may_be_older THEN 'unknown' ELSE confidence_of(doubtful) END;
CREATE OR REPLACE MACRO unmap_reason(may_be_older, doubtful, certain_text, possible_text) AS
  CASE WHEN may_be_older THEN 'the same memory may have been mapped once more before the capture, and the unmap be of that mapping'
    ELSE reason_of(doubtful, certain_text, possible_text) END;
CREATE OR REPLACE MACRO unmap_advice(may_be_older) AS
  CASE WHEN may_be_older THEN 'begin to record before the driver maps anything, or go on for longer than its mappings live.' END;

-- An overwritten buffer: what one CPU traced is missing from the capture's beginning to some time.
CREATE OR REPLACE MACRO blind() AS TABLE SELECT capture, max(to_ts) AS until FROM losses WHERE from_ts IS NULL GROUP BY capture;

-- Mappings of the DMA API that are still open; a scatterlist is a row a segment. Few of all lifetimes, and what several rules begin with.
CREATE OR REPLACE TABLE open_mappings AS
SELECT capture, id, device, kind, dir, sg_group, len, opened_ts, open_stack, passed, after_loss, before_removal, unrecordable_unmap, remainder
FROM lifetimes
WHERE layer = 'dma' AND closed_ts IS NULL;

-- Those of them that were passed by more siblings than any that was unmapped in the end: they stand aside of whatever order the
-- others are served in.
CREATE OR REPLACE TABLE outlived AS
SELECT o.*
FROM open_mappings o
JOIN siblings b ON b.layer = 'dma' AND b.capture = o.capture AND b.device = o.device AND b.kind = o.kind AND b.dir IS NOT DISTINCT FROM o.dir
WHERE o.passed > coalesce(b.most_passed, 0);

-- Anomalies with the event that showed them and the mapping that they are about; but for overlaps, which are legal more often than not,
-- and may be as many as there are mappings.
-- again: a repetition; the same misuse of the same mapping (or address, where the mapping is not known) came before.
-- mapped_spans_loss: events were lost while it was mapped, so that a later mapping may have taken its place.
-- may_be_older: memory may be mapped at its own address as often as one likes, and any number of lists begin with it; so the unmap may be of a
-- mapping older than the capture, if others of its sort are, and the capture had not yet gone on four times as long as any of them lived. If it
-- was unmapped in the place of the mapping that was seen, that one is unmapped too, later, and is not there any more.
-- site: who mapped; without a mapping, who made the call. close_site: who made the call (the unmap, the sync, the second map).
CREATE OR REPLACE TABLE incidents AS
WITH judged AS MATERIALIZED (FROM anomalies WHERE kind <> 'overlapping_map'),
-- Of the large tables only what anomalies speak of, read once: a join with few rows must not begin by hashing all of the many.
moment AS MATERIALIZED (
  SELECT seq, event, kind, dir, len, phys, attrs, comm, tid, stack FROM events WHERE seq IN (SELECT seq FROM judged)
),
mapped AS MATERIALIZED (
  SELECT id, device, kind, dir, phys, len, attrs, opened_ts, after_loss, open_stack, sg_group FROM lifetimes WHERE id IN (SELECT lifetime FROM judged)
),
seen AS (
  -- Numbered before they are joined with anything wide.
  SELECT a.*, row_number() OVER (PARTITION BY a.capture, a.kind, a.device, a.lifetime, CASE WHEN a.lifetime IS NULL THEN coalesce(a.addr, e.phys) END ORDER BY a.seq) > 1 AS again
  FROM judged a
  LEFT JOIN moment e ON e.seq = a.seq
),
list AS (
  SELECT sg_group, sum(len)::UBIGINT AS bytes FROM lifetimes
  WHERE sg_group IN (SELECT sg_group FROM mapped) GROUP BY sg_group
),
twice AS (SELECT lifetime FROM judged WHERE kind = 'double_unmap' AND lifetime IS NOT NULL)
SELECT
  a.kind::VARCHAR AS anomaly,
  a.capture, a.seq, a.ts, a.device::VARCHAR AS device, a.addr, a.len, a.lifetime, a.other, a.expected, a.actual,
  a.after_loss OR coalesce(a.ts <= b.until, false) AS after_loss,
  a.again,
  e.event::VARCHAR AS event, e.kind::VARCHAR AS event_kind, e.dir::VARCHAR AS event_dir, e.len AS event_len, e.attrs AS event_attrs,
  e.comm AS event_comm, e.tid AS event_tid,
  l.device::VARCHAR AS mapped_device, l.kind::VARCHAR AS mapped_kind, l.dir::VARCHAR AS mapped_dir, l.len AS mapped_len,
  coalesce(g.bytes, l.len) AS mapped_bytes, l.attrs AS mapped_attrs,
  l.opened_ts AS mapped_ts,
  coalesce(a.after_loss AND l.after_loss, false) OR coalesce(l.opened_ts <= b.until, false) AS mapped_spans_loss,
  coalesce((l.kind = 'sg' OR l.phys = a.addr) AND n.older > 0 AND (n.longest IS NULL OR a.ts::HUGEINT - t.first_ts <= 4 * n.longest::HUGEINT)
    AND (a.kind IN ('double_unmap', 'device_mismatch') OR a.lifetime IN (FROM twice)), false) AS may_be_older,
  l.open_stack AS open_stack, e.stack AS close_stack,
  coalesce(o.site, c.site) AS site, CASE WHEN o.site IS NULL THEN c.via ELSE o.via END AS via,
  c.site AS close_site, c.via AS close_via
FROM seen a
LEFT JOIN blind() b ON b.capture = a.capture
LEFT JOIN moment e ON e.seq = a.seq
LEFT JOIN mapped l ON l.id = a.lifetime
LEFT JOIN list g ON g.sg_group = l.sg_group
JOIN captures t ON t.capture = a.capture
LEFT JOIN siblings n ON n.layer = 'dma' AND n.capture = a.capture AND n.device = a.device AND n.kind = e.kind AND n.dir IS NOT DISTINCT FROM e.dir
LEFT JOIN stacks o ON o.id = l.open_stack
LEFT JOIN stacks c ON c.id = e.stack;
