-- Policies as they were registered. $1: hashes
SELECT hash, name, version, document, calendar
FROM policies
WHERE hash = ANY($1)
