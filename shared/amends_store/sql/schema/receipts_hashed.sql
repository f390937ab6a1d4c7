-- Receipts keep the hash of the idempotency key alone. The table is written anew, so that its files forget the keys.
ALTER TABLE receipts RENAME TO hashed_receipts;
ALTER TABLE hashed_receipts ALTER COLUMN key TYPE bytea USING key_hash(key);
ALTER TABLE hashed_receipts RENAME COLUMN key TO key_hash;

-- The rest is for the release before, which runs on during an upgrade and asks `FROM receipts WHERE key = $3` with the
-- key as it was sent. The type is one that no text is taken for: its operator gets in the way of no other.
CREATE TYPE hashed_key AS (hash bytea);

CREATE FUNCTION is_hash_of(hashed hashed_key, sent text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (hashed).hash = key_hash(sent);

CREATE OPERATOR = (LEFTARG = hashed_key, RIGHTARG = text, FUNCTION = is_hash_of);

CREATE VIEW receipts WITH (security_invoker = true) AS
SELECT
    tenant, principal, ROW(key_hash)::hashed_key AS key, request_hash, stream_id, first_position, last_position,
    version, answer, recorded_at
FROM hashed_receipts;

GRANT SELECT ON receipts TO amends_intake, amends_auditor;
