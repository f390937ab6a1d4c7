-- Every wall there is to be, of the tables that are there. All are locked at once, and for a moment.
CREATE OR REPLACE FUNCTION put_up_walls(during_upgrade boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    of_tables constant name[] := ARRAY(
        SELECT w.of_table FROM walls() AS w WHERE to_regclass(format('public.%I', w.of_table)) IS NOT NULL
    );
BEGIN
    EXECUTE 'LOCK TABLE ' || (SELECT string_agg(format('public.%I', of_table), ', ') FROM unnest(of_tables) AS of_table);
    PERFORM put_up_wall(of_table, 'public', during_upgrade) FROM unnest(of_tables) AS of_table;
END
$$;
