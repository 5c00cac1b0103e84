-- What was mapped at one moment: `FROM live_at(17340000000)`, with every column of `lifetimes`. A moment of several captures is one of each.
CREATE MACRO live_at(ts) AS TABLE SELECT * FROM lifetimes WHERE opened_ts <= ts AND (closed_ts IS NULL OR closed_ts > ts);
