-- The hashes of the rows $1 up to but without $2 of level $3, which are the roots of the level below.
SELECT tile.index, (
    SELECT string_agg(below.root, '' ORDER BY below.index)
    FROM merkle_tiles AS below
    WHERE below.level = $3::smallint - 1 AND below.index >= tile.index * 256 AND below.index < (tile.index + 1) * 256
) AS hashes
FROM generate_series($1::bigint, $2::bigint - 1) AS tile (index)
ORDER BY tile.index
