SELECT tree_size, root_hash, signed_at, note FROM signed_checkpoints ORDER BY tree_size DESC LIMIT 1
