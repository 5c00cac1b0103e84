-- When devices lost their driver, or went away, as far as the capture's events tell.
--
-- capture: Which input: `captures.capture`.
-- device: Device. NULL: the event does not tell.
-- ts (ns): When.
-- seq: Its event: `events.seq`.
-- event: Its event's name.
-- op: `remove`: about to lose its driver. `removed`: has lost it.
CREATE VIEW device_removals AS
SELECT capture, device, ts, seq, event, op
FROM events
WHERE op IN ('remove', 'removed');
