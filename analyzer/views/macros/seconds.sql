-- Nanoseconds as seconds: `seconds(closed_ts - opened_ts)`.
CREATE MACRO seconds(ns) AS ns / 1e9;
