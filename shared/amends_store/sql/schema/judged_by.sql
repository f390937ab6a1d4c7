-- What verdicts and erasures rest on is as fixed as the log: a policy under its hash, and whose a key is. A key may still
-- leave this table for the key store, and be erased, once.
CREATE TRIGGER policies_row_unchanged BEFORE UPDATE OR DELETE ON policies
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_never_emptied BEFORE TRUNCATE ON policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE policies ENABLE ALWAYS TRIGGER policies_row_unchanged;
ALTER TABLE policies ENABLE ALWAYS TRIGGER policies_never_emptied;

CREATE TRIGGER data_keys_owner_unchanged BEFORE UPDATE ON data_keys
    FOR EACH ROW
    WHEN (
        (OLD.key_id, OLD.tenant, OLD.customer_ref, OLD.created_at)
            IS DISTINCT FROM (NEW.key_id, NEW.tenant, NEW.customer_ref, NEW.created_at)
        OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at)
    )
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER data_keys_never_deleted BEFORE DELETE ON data_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER data_keys_never_emptied BEFORE TRUNCATE ON data_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_owner_unchanged;
ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_never_deleted;
ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_never_emptied;
