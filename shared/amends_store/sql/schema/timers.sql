-- What will be appended when, unless something happens before: pending timers only, written by the workflow.
-- case_version is the version of the stream that the timer was made from; on a stream that has moved on it waits
-- to be made anew. data is the text of a JSON object without its closing brace: firing adds late_by_ms and closes it.
-- The checks hold here what events would refuse, so that one bad timer never stops a batch of good ones.
CREATE TABLE timers (
    case_id        uuid        NOT NULL,
    clock          text        NOT NULL,
    generation     integer     NOT NULL,
    step           smallint    NOT NULL,
    tenant         text        NOT NULL,
    event_type     text        NOT NULL CHECK (event_type <> ''),
    fires_at       timestamptz NOT NULL CHECK (isfinite(fires_at)),
    case_version   integer     NOT NULL CHECK (case_version BETWEEN 1 AND 2147483646),
    policy_hash    bytea       CHECK (octet_length(policy_hash) = 32),
    correlation_id uuid        NOT NULL,
    data           text        NOT NULL,
    PRIMARY KEY (case_id, clock, generation, step)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX timers_by_time ON timers (fires_at);

-- Timers whose data is not JSON, with the error: out of the way, kept to be looked at.
CREATE TABLE timer_quarantine (LIKE timers, error text NOT NULL, quarantined_at timestamptz NOT NULL);
