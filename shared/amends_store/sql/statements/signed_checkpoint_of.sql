SELECT tree_size, root_hash, signed_at, note FROM signed_checkpoints WHERE tree_size = $1
