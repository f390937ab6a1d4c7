SELECT key_id FROM data_keys WHERE tenant = $1 AND customer_ref = $2 AND erased_at IS NULL
