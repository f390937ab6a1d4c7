-- It is not to be tried again. $1: the tenant; $2: the day; $3: the reader; $4: why.
UPDATE digests SET failed = $4 WHERE tenant = $1 AND day = $2 AND reader = $3 AND sent_at IS NULL
