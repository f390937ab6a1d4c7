SELECT leaf_hash FROM events WHERE position = $1
