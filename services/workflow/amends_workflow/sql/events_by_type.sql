-- How many events of each type a tenant ($1) has after position $2 up to $3.
SELECT type, count(*) FROM events WHERE tenant = $1 AND position > $2 AND position <= $3 GROUP BY type
