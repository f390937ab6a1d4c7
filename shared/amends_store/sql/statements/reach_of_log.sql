-- Where the log ends, and how far everything that was made of it reaches, at one moment: nothing may reach further.
SELECT
    (SELECT max(position) FROM events) AS head,
    EXISTS (SELECT FROM events WHERE position < 1 OR position IS NULL) AS has_strays,
    (SELECT max(tree_size) FROM signed_checkpoints) AS newest_checkpoint,
    (
        SELECT max((tile.index + 1) << (8 * (level + 1)))
        FROM generate_series(0, 6) AS levels (level)
        CROSS JOIN LATERAL (
            SELECT index FROM merkle_tiles WHERE merkle_tiles.level = levels.level ORDER BY index DESC LIMIT 1
        ) AS tile
    ) AS tiles,
    (SELECT max(position) FROM checkpoints) AS followers
