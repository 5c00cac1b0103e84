-- A number of bytes for people, in powers of 1024: `4.0 KiB`; from 8 EiB on the bare number.
CREATE MACRO bytes_text(bytes) AS coalesce(format_bytes(TRY_CAST(bytes AS BIGINT)), bytes || ' bytes');
