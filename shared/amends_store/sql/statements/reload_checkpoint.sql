SELECT position FROM checkpoints WHERE name = $1 AND epoch = $2
