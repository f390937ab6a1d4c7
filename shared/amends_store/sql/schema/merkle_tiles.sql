-- The Merkle tree over events.leaf_hash (RFC 9162, 2.1), 256 hashes a row. Level 0 is the leaves; hash i of the level
-- above is the root of row i. Only full rows are kept: what the last 255 events or rows make is computed when asked for.
CREATE TABLE merkle_tiles (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index  bigint   NOT NULL CHECK (index >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    root   bytea    NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (level, index)
);
-- Hashes do not compress, and uncompressed a proof reads only the page its hash is on.
ALTER TABLE merkle_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

GRANT SELECT ON merkle_tiles TO amends_intake, amends_workflow, amends_notifier, amends_auditor;
GRANT INSERT ON merkle_tiles TO amends_workflow;

CREATE TRIGGER merkle_tiles_row_unchanged BEFORE UPDATE OR DELETE ON merkle_tiles
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER merkle_tiles_never_emptied BEFORE TRUNCATE ON merkle_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE merkle_tiles ENABLE ALWAYS TRIGGER merkle_tiles_row_unchanged;
ALTER TABLE merkle_tiles ENABLE ALWAYS TRIGGER merkle_tiles_never_emptied;
