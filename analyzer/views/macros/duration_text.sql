-- Nanoseconds for people: `812 ns`, `4.21 µs`, `12.30 ms`, `1.50 s`, `3 min 20 s`, `2 h 5 min`.
CREATE MACRO duration_text(ns) AS
CASE
  WHEN abs(ns) < 1000 THEN printf('%d ns', ns::BIGINT)
  WHEN abs(ns) < 1000000 THEN printf('%.2f µs', ns / 1e3)
  WHEN abs(ns) < 1000000000 THEN printf('%.2f ms', ns / 1e6)
  WHEN abs(ns) < 60000000000 THEN printf('%.2f s', ns / 1e9)
  WHEN abs(ns) < 3600000000000 THEN printf('%d min %d s', (ns // 60000000000)::BIGINT, (ns // 1000000000 % 60)::BIGINT)
  ELSE printf('%d h %d min', (ns // 3600000000000)::BIGINT, (ns // 60000000000 % 60)::BIGINT)
END;
