-- What append_batch takes: its fields in this order. Arrays of these cost both sides less than an array a field.
CREATE TYPE batch_command AS (
    tenant           text,
    stream_id        uuid,
    expected_version integer,
    actor            text,
    correlation_id   uuid,
    causation_id     uuid,
    event_count      integer,
    -- The receipt, if it leaves one.
    principal        text,
    key              text,
    request_hash     bytea,
    answer           bytea,
    -- The customer's data key, if it brings one.
    customer_ref     text,
    new_key_id       uuid,
    new_key_wrapped  bytea
);

CREATE TYPE batch_event AS (
    -- Whose event it is (1 = the first command), and its place there, from 1.
    command        integer,
    number         integer,
    id             uuid,
    type           text,
    schema_version integer,
    occurred_at    timestamptz,
    policy_hash    bytea,
    data           text,
    sealed         bytea,
    key_id         uuid
);
