-- How much each device had mapped, in time order.
SELECT capture, layer, device, ts, bytes
FROM live_bytes
ORDER BY capture, ts, layer, device
