-- No row: another follower has claimed it. The old position is asked for too, so that no batch is skipped.
UPDATE checkpoints SET position = $4 WHERE name = $1 AND epoch = $2 AND position = $3
RETURNING position
