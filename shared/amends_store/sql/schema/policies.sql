-- Every policy that an event ever depended on, by the SHA-256 of its content.
CREATE TABLE policies (
    hash          bytea       PRIMARY KEY CHECK (octet_length(hash) = 32),
    name          text        NOT NULL,
    version       integer     NOT NULL,
    document      text        NOT NULL,
    calendar      json        NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT log_now()
);
