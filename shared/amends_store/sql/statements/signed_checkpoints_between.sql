-- $1 and $2: of trees larger than the first size, up to the second.
SELECT tree_size, root_hash, signed_at, note
FROM signed_checkpoints
WHERE tree_size > $1 AND tree_size <= $2
ORDER BY tree_size
