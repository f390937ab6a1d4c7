SELECT stream_id FROM events WHERE position = $1
