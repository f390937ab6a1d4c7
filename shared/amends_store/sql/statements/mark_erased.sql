-- $1 keys. Those of them that are not erased are, as of now.
UPDATE data_keys SET erased_at = log_now(), wrapped = NULL
WHERE key_id = ANY($1) AND erased_at IS NULL
RETURNING key_id
