SELECT request_hash, stream_id, first_position, last_position, version, answer, recorded_at
FROM hashed_receipts
WHERE tenant = $1 AND principal = $2 AND key_hash = key_hash($3)
