-- The keys themselves are in the key store, apart from this database and its backups; here stands which customer has
-- which. `wrapped` is what a release kept here that knew no key store, until intake has moved it there.
-- A customer whose key was erased may come back and get another: one at a time.
ALTER TABLE data_keys
    ALTER COLUMN wrapped DROP NOT NULL,
    ADD COLUMN erased_at timestamptz,
    DROP CONSTRAINT data_keys_one_per_customer;

CREATE UNIQUE INDEX data_keys_one_per_customer ON data_keys (tenant, customer_ref) WHERE erased_at IS NULL;
CREATE INDEX data_keys_of_erased_customer ON data_keys (tenant, customer_ref) WHERE erased_at IS NOT NULL;
CREATE INDEX data_keys_erased ON data_keys (erased_at) WHERE erased_at IS NOT NULL;
CREATE INDEX data_keys_to_be_moved ON data_keys (key_id) WHERE wrapped IS NOT NULL;

-- The cases of a customer, as the log has them: a case begins with what the customer told, which is always sealed.
CREATE INDEX events_first_of_key ON events (key_id) WHERE version = 1;

GRANT UPDATE (wrapped, erased_at) ON data_keys TO amends_intake;
