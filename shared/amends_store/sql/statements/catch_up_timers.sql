-- $1 rows in a batch, $2 batches at most.
CALL catch_up_timers($1, $2, NULL, NULL, NULL)
