-- One data key a customer, wrapped by the master key, which is never in the database.
CREATE TABLE data_keys (
    key_id       uuid        PRIMARY KEY,
    tenant       text        NOT NULL,
    customer_ref text        NOT NULL,
    wrapped      bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    CONSTRAINT data_keys_one_per_customer UNIQUE (tenant, customer_ref)
);
