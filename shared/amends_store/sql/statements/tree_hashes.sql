-- For each wanted run of hashes, $3 of level $1 from number $2 on, never beyond one row of 256: those hashes. From the
-- row if there is one; of the last row of a level, which is not full, from what it will be made of.
SELECT coalesce(
    (
        SELECT substring(full_row.hashes FROM (wanted.first % 256)::int * 32 + 1 FOR wanted.length * 32)
        FROM merkle_tiles AS full_row
        WHERE full_row.level = wanted.level AND full_row.index = wanted.first / 256
    ),
    CASE wanted.level WHEN 0 THEN (
        SELECT string_agg(e.leaf_hash, '' ORDER BY e.position)
        FROM log_leaves AS e
        WHERE e.position > wanted.first AND e.position <= wanted.first + wanted.length
    ) ELSE (
        SELECT string_agg(below.root, '' ORDER BY below.index)
        FROM merkle_tiles AS below
        WHERE below.level = wanted.level - 1
            AND below.index >= wanted.first AND below.index < wanted.first + wanted.length
    ) END,
    ''
) AS hashes
FROM unnest($1::smallint[], $2::bigint[], $3::int[]) WITH ORDINALITY AS wanted (level, first, length, number)
ORDER BY wanted.number
