-- The newest claim wins: it takes the next epoch, and every older one no longer matches.
INSERT INTO checkpoints AS known (name, position, epoch) VALUES ($1, 0, 1)
ON CONFLICT (name) DO UPDATE SET epoch = known.epoch + 1
RETURNING position, epoch
