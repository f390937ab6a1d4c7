-- Receipts are found by the hash first, which alone tells nearly all of them apart, and faster than names would.
CREATE UNIQUE INDEX IF NOT EXISTS receipts_by_hash ON hashed_receipts (key_hash, principal, tenant);
