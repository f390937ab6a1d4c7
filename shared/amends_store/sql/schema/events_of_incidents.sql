-- The cases of an incident, as the log has them: acting on the incident acts on these.
CREATE INDEX events_of_incidents ON events ((data ->> 'incident'), position) WHERE type = 'linked-to-incident';
