-- Read model: how a case belongs to others. What the log has yet to say of it (that it repeats repeat_of, that it
-- belongs to owed_incident) becomes an event by a timer.
ALTER TABLE cases
    ADD COLUMN hand_offs     integer     NOT NULL DEFAULT 0,
    ADD COLUMN escalations   integer     NOT NULL DEFAULT 0,
    ADD COLUMN incident      uuid,
    ADD COLUMN merged_into   uuid,
    ADD COLUMN repeat_of     uuid,
    ADD COLUMN owed_incident uuid,
    -- What a complaint must share with an earlier one to repeat it, and since when that one may have come.
    ADD COLUMN repeat_key    text,
    ADD COLUMN repeat_since  timestamptz,
    -- All that a mass incident may gather a complaint by; by which of it the policy counts, how many, and the position
    -- of the event that made it known.
    ADD COLUMN mass_keys     text[],
    ADD COLUMN mass_key      text,
    ADD COLUMN mass_count    integer,
    ADD COLUMN mass_position bigint,
    -- Of a complaint: the time before and after it in which others make an incident with it. Of an incident: when
    -- those that belong to it came; each that joins an automatic one moves the end.
    ADD COLUMN mass_since    timestamptz,
    ADD COLUMN mass_until    timestamptz;

CREATE INDEX cases_of_incident ON cases (tenant, incident) WHERE incident IS NOT NULL;
CREATE INDEX cases_owed_to_incident ON cases (owed_incident) WHERE owed_incident IS NOT NULL;
-- Keys hold the tenant.
CREATE INDEX cases_that_may_repeat ON cases (repeat_key, received_at) WHERE repeat_key IS NOT NULL;
-- Open incidents, looked up for each complaint that comes in.
CREATE INDEX cases_open_incidents ON cases (mass_key) WHERE kind = 'incident' AND state = 'received';
-- Complaints that no incident has yet: enough of one key, close together, are the next.
CREATE INDEX cases_free_for_incidents ON cases (mass_key, received_at)
    WHERE kind = 'complaint' AND mass_key IS NOT NULL AND incident IS NULL;
