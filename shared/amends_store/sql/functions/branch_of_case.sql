-- Whose branch a case of one's own tenant is, as the read model has it, or else the log: a case is there before the read
-- model knows it. With the rights of the owner: it is asked in the policy of a table that it reads.
-- The text is not bound to the tables: a rebuild puts others in their place.
CREATE OR REPLACE FUNCTION branch_of_case(case_id uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT coalesce(
        (SELECT c.branch FROM public.cases AS c WHERE c.id = $1 AND c.tenant = current_setting('amends.tenant', true)),
        (
            SELECT e.data ->> 'branch' FROM public.events AS e
            WHERE e.stream_id = $1 AND e.version = 1 AND e.tenant = current_setting('amends.tenant', true)
        )
    )
$$;

REVOKE EXECUTE ON FUNCTION branch_of_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION branch_of_case TO amends_enquiry;
