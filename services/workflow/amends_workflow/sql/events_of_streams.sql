-- All events of these cases ($1) up to position $2, case by case.
SELECT * FROM events WHERE stream_id = ANY($1) AND position <= $2 ORDER BY stream_id, version
