-- $1: the tenant; $2: the day; $3: the reader; $4: in how many seconds it may be tried again.
UPDATE digests SET not_before = log_now() + make_interval(secs => $4)
WHERE tenant = $1 AND day = $2 AND reader = $3 AND sent_at IS NULL
