-- Claim a mail of a day that is to be sent: for so many seconds nobody else will. $1: the tenant; $2: the day; $3: how
-- long the claim holds.
UPDATE digests SET attempts = attempts + 1, not_before = log_now() + make_interval(secs => $3)
WHERE (tenant, day, reader) = (
    SELECT tenant, day, reader FROM digests
    WHERE tenant = $1 AND day = $2 AND sent_at IS NULL AND failed IS NULL AND not_before <= log_now()
    ORDER BY reader LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING reader, attempts
