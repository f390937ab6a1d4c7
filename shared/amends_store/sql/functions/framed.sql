-- A value of variable length as it stands in a leaf: its length in four bytes, then itself; -1 for NULL.
CREATE OR REPLACE FUNCTION framed(value bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(int4send(octet_length(value)) || value, '\xffffffff'::bytea);
