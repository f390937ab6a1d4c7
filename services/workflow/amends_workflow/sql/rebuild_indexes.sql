-- The indexes of the live tables, under the same names, on the rebuilt ones; and the planner's statistics.
DO $$
DECLARE
    definition text;
BEGIN
    FOR definition IN
        SELECT replace(pg_get_indexdef(i.indexrelid), ' ON public.', ' ON amends_rebuild.')
        FROM pg_index AS i
        WHERE
            i.indrelid IN (
                'public.cases'::regclass, 'public.deadlines'::regclass, 'public.timers'::regclass,
                'public.alerts'::regclass
            )
            AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)
            AND NOT EXISTS (
                SELECT FROM pg_class AS live JOIN pg_class AS made ON made.relname = live.relname
                WHERE live.oid = i.indexrelid AND made.relnamespace = 'amends_rebuild'::regnamespace
            )
    LOOP
        EXECUTE definition;
    END LOOP;
END
$$;
ANALYZE amends_rebuild.cases, amends_rebuild.deadlines, amends_rebuild.timers, amends_rebuild.alerts;
