-- Roles belong to the cluster, and several databases of it may be migrated at once: both may find none and make it.
DO $$
DECLARE
    service name;
BEGIN
    FOREACH service IN ARRAY ARRAY['amends_intake', 'amends_workflow', 'amends_notifier', 'amends_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', service);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;
