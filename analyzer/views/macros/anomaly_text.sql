-- `anomalies.expected` or `.actual` in words, by the anomaly's kind: a direction, a kind of mapping, a device, a size.
CREATE MACRO anomaly_text(anomaly, value) AS
CASE
  WHEN value IS NULL THEN NULL
  WHEN anomaly IN ('direction_mismatch', 'sync_direction', 'overlapping_map') THEN enum_range(NULL::dir)[TRY_CAST(value AS BIGINT) + 1]
  WHEN anomaly = 'kind_mismatch' THEN enum_range(NULL::kind)[TRY_CAST(value AS BIGINT)]
  WHEN anomaly = 'device_mismatch' THEN (SELECT d.device FROM devices d WHERE d.id = value)
  WHEN anomaly = 'attrs_mismatch' THEN printf('0x%x', value)
  WHEN anomaly IN ('size_mismatch', 'sync_outside') THEN value || ' bytes'
  WHEN anomaly = 'sg_count_mismatch' THEN value || ' entries'
  ELSE value::VARCHAR
END;
