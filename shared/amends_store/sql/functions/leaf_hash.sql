-- The hash of an event: SHA-256 of 0x00 and all its fields (RFC 9162, 2.1.1). leaf.py computes the same.
CREATE OR REPLACE FUNCTION leaf_hash(
    at_position bigint, stream_id uuid, version integer, id uuid, type text, schema_version integer,
    occurred_at timestamptz, recorded_at timestamptz, tenant text, actor text,
    correlation_id uuid, causation_id uuid, policy_hash bytea, data text, sealed bytea, key_id uuid
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    '\x00'::bytea
    || int8send(at_position) || uuid_send(stream_id) || int4send(version) || uuid_send(id)
    || framed(convert_to(type, 'UTF8')) || int4send(schema_version)
    || timestamptz_send(occurred_at) || timestamptz_send(recorded_at)
    || framed(convert_to(tenant, 'UTF8')) || framed(convert_to(actor, 'UTF8'))
    || framed(uuid_send(correlation_id)) || framed(uuid_send(causation_id)) || framed(policy_hash)
    || framed(convert_to(data, 'UTF8')) || framed(sealed) || framed(uuid_send(key_id))
);
