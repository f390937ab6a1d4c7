-- How many cases of a tenant ($1) began after position $2 up to $3.
SELECT count(*) FROM events WHERE tenant = $1 AND version = 1 AND position > $2 AND position <= $3
