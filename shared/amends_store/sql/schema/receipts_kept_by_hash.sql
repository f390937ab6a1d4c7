-- The index by hash takes the place of the one that began with tenant and principal.
ALTER TABLE hashed_receipts
    DROP CONSTRAINT receipts_pkey,
    ADD CONSTRAINT receipts_pkey PRIMARY KEY USING INDEX receipts_by_hash;
-- Room that old receipts leave is there for new ones soon, and not when a fifth of a large table is to be cleaned.
ALTER TABLE hashed_receipts SET (autovacuum_vacuum_scale_factor = 0.02);
