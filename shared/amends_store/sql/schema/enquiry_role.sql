-- The role under which people's questions are answered: it reads, and of what is of a branch it sees what the transaction
-- was told to show it. The workflow service takes it by name and inherits nothing of it.
-- Roles belong to the cluster, and several databases of it may be migrated at once: both may find none and make it.
DO $$
BEGIN
    IF to_regrole('amends_enquiry') IS NULL THEN
        BEGIN
            CREATE ROLE amends_enquiry NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF NOT pg_has_role('amends_workflow', 'amends_enquiry', 'SET') THEN
        BEGIN
            GRANT amends_enquiry TO amends_workflow WITH INHERIT FALSE, SET TRUE;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END
$$;

-- What everybody may know of the whole log, whoever's the events are: what a proof is made of, and how long one waits.
CREATE VIEW log_leaves AS
SELECT position, recorded_at, leaf_hash FROM events;

GRANT SELECT ON log_leaves TO amends_intake, amends_workflow, amends_notifier, amends_auditor, amends_enquiry;
GRANT SELECT ON
    events, log_head, policies, publications, checkpoints, merkle_tiles, signed_checkpoints, alembic_version,
    cases, deadlines, alerts, refusals, data_keys, api_keys, sessions
    TO amends_enquiry;
