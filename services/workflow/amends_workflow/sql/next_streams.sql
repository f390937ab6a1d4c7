-- The next cases of a tenant ($1) after the id $2, by their ids, that had begun by position $3. Few: while their events
-- are added up nothing else is answered.
SELECT stream_id FROM events
WHERE tenant = $1 AND stream_id > $2 AND version = 1 AND position <= $3
ORDER BY stream_id
LIMIT 20
