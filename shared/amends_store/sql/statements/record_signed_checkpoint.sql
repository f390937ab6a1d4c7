INSERT INTO signed_checkpoints (tree_size, root_hash, note) VALUES ($1, $2, $3)
RETURNING tree_size, root_hash, signed_at, note
