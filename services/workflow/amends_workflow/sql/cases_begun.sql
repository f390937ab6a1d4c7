-- How many cases of a tenant ($1) had begun at position $2.
SELECT count(*) FROM events WHERE tenant = $1 AND version = 1 AND position <= $2
