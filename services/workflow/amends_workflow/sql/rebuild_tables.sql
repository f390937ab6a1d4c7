-- Begins a rebuild: empty copies of the read model's tables, in a schema that nobody else looks into. They have the
-- same names, options, keys, grants and walls; their other indexes are made once they are full (rebuild_indexes.sql), but for
-- those by which cases find one another while they are being filled.
DROP SCHEMA IF EXISTS amends_rebuild CASCADE;
CREATE SCHEMA amends_rebuild;

DO $$
DECLARE
    live regclass;
    part record;
BEGIN
    FOREACH live IN ARRAY ARRAY['public.cases', 'public.deadlines', 'public.timers', 'public.alerts']::regclass[] LOOP
        SELECT relname AS name, reloptions INTO part FROM pg_class WHERE oid = live;
        EXECUTE format('CREATE TABLE amends_rebuild.%I (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', part.name, live);
        IF part.reloptions IS NOT NULL THEN
            EXECUTE format(
                'ALTER TABLE amends_rebuild.%I SET (%s)', part.name, array_to_string(part.reloptions, ', ')
            );
        END IF;
        FOR part IN
            SELECT c.relname AS name, k.conname, pg_get_constraintdef(k.oid) AS definition
            FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
            WHERE k.conrelid = live AND k.contype IN ('p', 'u')
        LOOP
            EXECUTE format(
                'ALTER TABLE amends_rebuild.%I ADD CONSTRAINT %I %s', part.name, part.conname, part.definition
            );
        END LOOP;
        FOR part IN
            SELECT c.relname AS name, granted.privilege_type, r.rolname
            FROM pg_class AS c
            CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
            JOIN pg_roles AS r ON r.oid = granted.grantee
            WHERE c.oid = live AND granted.grantee <> c.relowner
        LOOP
            EXECUTE format('GRANT %s ON amends_rebuild.%I TO %I', part.privilege_type, part.name, part.rolname);
        END LOOP;
        FOR part IN
            SELECT c.relname AS name, a.attname, granted.privilege_type, r.rolname
            FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
            CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
            JOIN pg_roles AS r ON r.oid = granted.grantee
            WHERE c.oid = live
        LOOP
            EXECUTE format(
                'GRANT %s (%I) ON amends_rebuild.%I TO %I', part.privilege_type, part.attname, part.name, part.rolname
            );
        END LOOP;
        PERFORM put_up_wall(
            (SELECT relname FROM pg_class WHERE oid = live), 'amends_rebuild',
            EXISTS (SELECT FROM pg_policy WHERE polrelid = live AND polname = 'release_before')
        );
    END LOOP;
    FOR part IN
        SELECT replace(i.indexdef, ' ON public.', ' ON amends_rebuild.') AS definition
        FROM pg_indexes AS i
        WHERE i.schemaname = 'public' AND i.indexname IN (
            'cases_that_may_repeat', 'cases_owed_to_incident', 'cases_open_incidents', 'cases_free_for_incidents'
        )
    LOOP
        EXECUTE part.definition;
    END LOOP;
END
$$;
