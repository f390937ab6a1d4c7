-- The cases of one's own tenant that have one of these flags, by an index. Ids alone: what of the cases may be seen is
-- for whoever looks them up. The text is not bound to the table: a rebuild puts another in its place.
CREATE OR REPLACE FUNCTION flagged_cases(wanted text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, public
AS $$
    SELECT c.id FROM public.cases AS c
    WHERE c.flags && wanted AND c.flags <> '{}' AND c.tenant = current_setting('amends.tenant', true)
$$;

REVOKE EXECUTE ON FUNCTION flagged_cases FROM PUBLIC;
GRANT EXECUTE ON FUNCTION flagged_cases TO amends_enquiry;
