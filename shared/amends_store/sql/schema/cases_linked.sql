-- Read model: how a case belongs to others. What the log has yet to say of it (that it repeats repeat_of, that it
-- belongs to owed_incident) becomes an event by a timer.
ALTER TABLE cases
    ADD COLUMN hand_offs     integer NOT NULL DEFAULT 0,
    ADD COLUMN escalations   integer NOT NULL DEFAULT 0,
    ADD COLUMN incident      uuid,
    ADD COLUMN merged_into   uuid,
    ADD COLUMN repeat_of     uuid,
    ADD COLUMN owed_incident uuid;

CREATE INDEX cases_of_incident ON cases (tenant, incident) WHERE incident IS NOT NULL;
-- Open incidents, looked up for each complaint that comes in.
CREATE INDEX cases_open_incidents ON cases (tenant, id) WHERE kind = 'incident' AND state = 'received';
-- What a mass incident is found by: complaints of one cause (type, product …) that came in close together.
CREATE INDEX cases_by_cause ON cases (tenant, cause, received_at) WHERE cause IS NOT NULL;
