-- How far each follower has come. The claim with the highest epoch may move it; all others are fenced.
CREATE TABLE checkpoints (
    name     text   PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0),
    epoch    bigint NOT NULL
) WITH (fillfactor = 10);  -- updated with every batch: room on the page keeps the updates off the index
