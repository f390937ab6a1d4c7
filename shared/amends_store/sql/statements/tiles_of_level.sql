-- $1: the level; $2 and $3: from which row to before which.
SELECT index, hashes, root
FROM merkle_tiles
WHERE level = $1 AND index >= $2 AND index < $3
ORDER BY index
