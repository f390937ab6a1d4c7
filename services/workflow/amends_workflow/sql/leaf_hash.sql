SELECT leaf_hash FROM log_leaves WHERE position = $1
