-- Marks the customer's key erased, if it is this one still. What an older release kept of it here goes at once.
UPDATE data_keys SET erased_at = $4, wrapped = NULL
WHERE tenant = $1 AND customer_ref = $2 AND key_id = $3 AND erased_at IS NULL
RETURNING key_id
