SELECT key_id, erased_at FROM data_keys WHERE erased_at >= $1
