-- Removes receipts that are older than `keep` from some pages of their table, and tells which page comes next: NULL after
-- the last. Page by page, because an index by time would cost every append, and this costs one slow reading a day.
-- With the rights of the owner, so that who calls it can remove nothing else. A repeat is safe at the edge, too: the
-- statement that looks for its receipt is the one that leaves a new one, so it finds either the old one or a free place.
CREATE OR REPLACE FUNCTION forget_receipts(first_page bigint, page_count integer, keep interval)
RETURNS TABLE (next_page bigint, forgotten bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
-- Last, what a session made for itself alone: unnamed, it comes first for types, `tid` among them.
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    pages constant bigint := pg_relation_size('public.hashed_receipts') / current_setting('block_size')::integer;
BEGIN
    IF keep < interval '1 day' THEN
        RAISE EXCEPTION 'Receipts are kept for a day at least.' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    next_page := first_page + page_count;
    DELETE FROM public.hashed_receipts AS receipt
    WHERE
        receipt.ctid >= format('(%s,0)', first_page)::tid AND receipt.ctid < format('(%s,0)', next_page)::tid
        AND receipt.recorded_at < public.log_now() - keep;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    IF next_page >= pages THEN
        next_page := NULL;
    END IF;
    RETURN NEXT;
END
$$;

REVOKE EXECUTE ON FUNCTION forget_receipts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_receipts TO amends_workflow;
