-- Puts up the wall of a table (see walls.sql): row-level security, for the owner too. Again: the same wall.
-- In another schema than public it is that of the table of the same name, which a rebuild is filling.
-- The tenant is asked for row by row, which costs an append half of what a subquery would; the branches, which are a list
-- to be read, in a subquery, once a statement.
-- during_upgrade: services of the release before, which say no tenant, are let through until finish_upgrade.
CREATE OR REPLACE FUNCTION put_up_wall(of_table name, of_schema name, during_upgrade boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    walled constant regclass := format('%I.%I', of_schema, of_table)::regclass;
    owner constant name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = walled);
    services constant name[] := '{amends_intake, amends_notifier}';
    wall record;
    former name;
    own_tenant text;
    own_branches text;
BEGIN
    SELECT * INTO STRICT wall FROM walls() AS w WHERE w.of_table = put_up_wall.of_table;
    own_tenant := format('%s = current_setting(''amends.tenant'', true)', wall.tenant);
    own_branches := format(
        '%s AND ((SELECT current_setting(''amends.every_branch'', true)) = ''on'' OR %s = ANY ((SELECT CAST('
        'nullif(current_setting(''amends.branches'', true), '''') AS text[]))::text[]))', own_tenant, wall.branch
    );

    FOR former IN SELECT p.polname FROM pg_policy AS p WHERE p.polrelid = walled LOOP
        EXECUTE format('DROP POLICY %I ON %s', former, walled);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', walled);
    EXECUTE format(
        'CREATE POLICY every_tenant ON %s TO %s USING (true)', walled,
        (SELECT string_agg(quote_ident(role), ', ') FROM unnest(owner || wall.every_tenant) AS role)
    );
    IF wall.own_tenant <> '{}' THEN
        EXECUTE format(
            'CREATE POLICY own_tenant ON %s TO %s USING (%s)', walled,
            (SELECT string_agg(quote_ident(role), ', ') FROM unnest(wall.own_tenant) AS role), own_tenant
        );
    END IF;
    IF wall.branch IS NOT NULL THEN
        EXECUTE format('CREATE POLICY own_branches ON %s FOR SELECT TO amends_enquiry USING (%s)', walled, own_branches);
    END IF;
    IF during_upgrade AND wall.own_tenant && services THEN
        EXECUTE format(
            'CREATE POLICY release_before ON %s TO %s USING (coalesce(current_setting(''amends.tenant'', true), '''') = '''')',
            walled,
            (SELECT string_agg(quote_ident(role), ', ') FROM unnest(wall.own_tenant) AS role WHERE role = ANY (services))
        );
    END IF;
END
$$;
