-- $1: the tenant; $2: the day; $3: the reader.
UPDATE digests SET sent_at = log_now() WHERE tenant = $1 AND day = $2 AND reader = $3
