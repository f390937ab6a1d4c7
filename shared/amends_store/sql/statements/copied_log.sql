-- $1 and $2: the first and the last position. For COPY in its binary form: a row is the leaf that is hashed (see
-- leaf_hash.sql), but for the frames of the joined fields, and the hash after it. Joined is NULL where a part is.
SELECT int8send(position) || uuid_send(stream_id) || int4send(version) || uuid_send(id),
       type,
       int4send(schema_version) || timestamptz_send(occurred_at) || timestamptz_send(recorded_at),
       tenant, actor, correlation_id, causation_id, policy_hash, data, sealed, key_id,
       leaf_hash
FROM events
WHERE position BETWEEN $1 AND $2
ORDER BY position
