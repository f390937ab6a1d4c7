-- Tables whose wall is not as put_up_wall leaves it, and whether that is for the release before alone.
SELECT
    w.of_table AS name,
    c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
        SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'every_tenant'
    ) AS for_release_before
FROM walls() AS w
JOIN pg_class AS c ON c.oid = to_regclass(format('public.%I', w.of_table))
WHERE
    NOT (c.relrowsecurity AND c.relforcerowsecurity)
    OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'release_before')
    OR NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'every_tenant')
ORDER BY w.of_table
