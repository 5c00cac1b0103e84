-- Nanoseconds as microseconds.
CREATE MACRO us(ns) AS ns / 1e3;
