-- Nanoseconds as milliseconds.
CREATE MACRO ms(ns) AS ns / 1e6;
