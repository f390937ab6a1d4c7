-- The leaf hashes of the rows $1 up to but without $2 of level 0. Row by row, in the order of the index: nothing is sorted.
SELECT tile.index, (
    SELECT string_agg(e.leaf_hash, '' ORDER BY e.position)
    FROM log_leaves AS e
    WHERE e.position > tile.index * 256 AND e.position <= (tile.index + 1) * 256
) AS hashes
FROM generate_series($1::bigint, $2::bigint - 1) AS tile (index)
ORDER BY tile.index
