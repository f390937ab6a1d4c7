-- One call, one commit: see functions/append_batch.sql. $1 commands, $2 their events.
SELECT * FROM append_batch($1, $2)
