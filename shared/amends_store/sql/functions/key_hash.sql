-- What is kept of an idempotency key: its SHA-256. Callers put names and numbers into their keys.
CREATE OR REPLACE FUNCTION key_hash(idempotency_key text) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(idempotency_key, 'UTF8'));
