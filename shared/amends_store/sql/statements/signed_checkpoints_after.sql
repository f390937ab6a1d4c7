-- $1 of more events than this, $2 at most so many.
SELECT tree_size, root_hash, signed_at, note FROM signed_checkpoints WHERE tree_size > $1 ORDER BY tree_size LIMIT $2
